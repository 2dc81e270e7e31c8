"""The tables of the key database."""
