"""Other servers that ask over HTTP: their keys, how much they may ask, and what they asked already."""
