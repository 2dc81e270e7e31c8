"""The processes of the permissions service."""
