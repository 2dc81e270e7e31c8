"""The tables that every views database has."""
