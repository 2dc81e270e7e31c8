"""Tests of shared/eventstore."""
