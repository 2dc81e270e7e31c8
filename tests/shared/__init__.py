"""The rooms of shared, one by one."""
