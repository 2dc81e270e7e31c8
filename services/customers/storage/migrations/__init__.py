"""The read models of the customers service, in the order they came to be."""
