"""Tests of the read models: what events do to them."""
