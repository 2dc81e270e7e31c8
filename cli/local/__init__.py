"""One machine runs all of Daybook: PostgreSQL, broker, issuer and services under one supervisor."""
