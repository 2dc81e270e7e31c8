"""The customers service: who our customers are, and everything that ever changed about them."""
