"""The service's own tables and functions in truth, one matter to a file."""
