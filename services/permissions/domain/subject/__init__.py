"""A subject: a person or service account, and what was asked for it, given and taken away."""
