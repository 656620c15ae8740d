"""One module per page: parse, authorise, call one function, render."""
