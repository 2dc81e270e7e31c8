"""Tests of the permissions service."""
