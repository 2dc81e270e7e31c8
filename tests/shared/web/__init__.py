"""What every HTTP api has in common."""
