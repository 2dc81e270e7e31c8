"""What the permissions service answers over HTTP."""
