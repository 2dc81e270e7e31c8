"""The read models of the permissions service."""
