"""One test or more for each fault of the list, on real processes and real servers."""
