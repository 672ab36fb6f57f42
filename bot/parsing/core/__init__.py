"""Shared parts of the parsers: tokens, words, the cursor and the results."""
