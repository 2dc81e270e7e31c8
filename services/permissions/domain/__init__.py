"""The rules of the permissions service: no I/O, no clock, no framework."""
