"""The tables and functions of the event store, one object per file, in the order they are made."""
