"""Nouns: frozen values and pure calculations. No I/O, no clock, no randomness."""
