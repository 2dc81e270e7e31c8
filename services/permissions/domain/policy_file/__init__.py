"""The policy as a file that people review: read, compared with what is, applied, written back."""
