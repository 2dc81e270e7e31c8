"""Who may do what, since when, given by whom; and who may not any more."""
