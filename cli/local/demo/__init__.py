"""A new Daybook is not empty: it starts with two small real files, imported as anybody would."""
