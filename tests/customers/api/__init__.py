"""Tests of every route: who may, what is refused, what comes back."""
