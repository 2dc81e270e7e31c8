"""How read models follow the events."""
