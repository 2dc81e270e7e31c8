"""Unusual access is told within seconds, and ordinary access is not."""
