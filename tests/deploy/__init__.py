"""What is deployed is held by tests where no engine is at hand to run it."""
