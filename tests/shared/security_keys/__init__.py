"""Subject keys and what they seal."""
