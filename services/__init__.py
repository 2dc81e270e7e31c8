"""The services: each owns its databases, its topic and its read models, and imports no other."""
