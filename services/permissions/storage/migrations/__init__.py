"""The read models of the permissions service, in the order they came to be."""
