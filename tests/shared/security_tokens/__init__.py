"""Whose token is believed."""
