"""The policy: which permissions and roles there are, and what must never come together."""
