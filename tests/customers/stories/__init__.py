"""Stories of the whole service in one process: repeating, reading one's own writes, erasing."""
