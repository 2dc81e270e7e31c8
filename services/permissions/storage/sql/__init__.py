"""The tables of the service's read models."""
