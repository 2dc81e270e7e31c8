"""Tests of what the permissions service does with questions and commands."""
