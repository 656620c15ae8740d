"""The sealed history, and the people in it."""
