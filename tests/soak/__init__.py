"""Everything that happens to a system happens for as long as wanted, and nothing may be lost."""
