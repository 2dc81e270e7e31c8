"""The tables of the customers service's read models."""
