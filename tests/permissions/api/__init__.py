"""Tests of what the permissions service answers."""
