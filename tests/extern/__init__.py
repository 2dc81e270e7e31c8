"""Tests with other people's programs, as their users have them (make test-extern)."""
