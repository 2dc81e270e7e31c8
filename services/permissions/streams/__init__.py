"""What is seen in the records of all services as they come, approximately and within seconds."""
