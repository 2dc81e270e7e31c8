"""Tests of the rules about rights: pure functions, told as stories."""
