"""Who may do what: one question, one answer with its reason and the one who can help."""
