"""What the customers service does: load, decide, append; one transaction per function."""
