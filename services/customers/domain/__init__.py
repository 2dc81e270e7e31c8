"""The rules of the customers service: no I/O, no clock, no framework."""
