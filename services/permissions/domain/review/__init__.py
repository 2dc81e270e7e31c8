"""Access reviews: what was given is looked at again by somebody else, and may be taken away."""
