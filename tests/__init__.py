"""The tests mirror the code; each name is a sentence."""
