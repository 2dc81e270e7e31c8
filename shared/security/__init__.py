"""Who somebody is, and the keys that only they and the key database have."""
