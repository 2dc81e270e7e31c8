"""The event store: the truth of a service, appended to by one call and never changed."""
