"""Tests of the rules about one customer: pure functions, told as stories."""
