"""What the permissions service keeps, and how."""
