"""A saved view: a named query of the directory, private to its owner unless shared."""
