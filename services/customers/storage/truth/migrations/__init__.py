"""How the service's own tables in truth came about, one step after the other."""
