"""One customer: what may be asked of it, what can happen to it, and the rules between the two."""
