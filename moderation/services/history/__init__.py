"""The sealed history: decisions, the chain over all rows, triggers."""
