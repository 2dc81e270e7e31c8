"""What the processes of the permissions service have that no other service has."""
