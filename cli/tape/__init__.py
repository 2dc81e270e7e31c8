"""The conformance tape: what a consumer may meet on our topics, as files, and how it must end."""
