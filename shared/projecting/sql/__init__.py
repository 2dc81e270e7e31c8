"""One SQL object per file, named as the object."""
