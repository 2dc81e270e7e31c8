"""What decisions need to know of the records that other services own."""
