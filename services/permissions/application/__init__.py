"""What the permissions service does with questions and commands."""
