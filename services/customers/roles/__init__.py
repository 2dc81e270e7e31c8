"""What a process of the customers service is put together from, one file per role."""
