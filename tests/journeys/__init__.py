"""Stories of a whole Daybook, as `daybook up` runs it, told from the outside."""
