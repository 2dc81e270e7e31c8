"""A team: people who see what belongs to each other where their roles say so."""
