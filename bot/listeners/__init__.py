"""By flow: acknowledge, parse, call core once, answer."""
