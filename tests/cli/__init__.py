"""The commands of `daybook`, as their user meets them."""
