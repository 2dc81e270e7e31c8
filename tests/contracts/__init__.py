"""What is published: true, complete, and compatible with what was published before."""
