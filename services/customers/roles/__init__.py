"""What the processes of the customers service have that no other service has."""
