"""The read models of the customers service: what events do to them, and what they answer."""
