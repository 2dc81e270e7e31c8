"""Every figure that Daybook claims is measured here, beside its baseline, in the same run."""
