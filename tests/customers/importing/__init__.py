"""Imports: files come in, each row once, and can be undone."""
