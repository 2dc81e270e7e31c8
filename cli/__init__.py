"""The operator's command `daybook`: everything that crosses services or belongs to one machine."""
