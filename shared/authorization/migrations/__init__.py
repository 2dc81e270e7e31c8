"""The table that the views database of every service has for its copy of all permissions."""
