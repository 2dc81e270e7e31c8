"""Tests of the customers service, room by room."""
