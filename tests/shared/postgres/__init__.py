"""Connections, roles and migrations."""
