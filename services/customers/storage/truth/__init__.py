"""What the service keeps in truth beside its events: it cannot be made again from them."""
