"""The HTTP face of the customers service."""
