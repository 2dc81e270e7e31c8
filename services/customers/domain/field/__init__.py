"""The custom fields of customers: what an administrator declares, and which values hold."""
