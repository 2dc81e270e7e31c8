"""How read models follow the events: exactly once in effect, and never older than a token."""
