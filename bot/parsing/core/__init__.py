"""What all readers of typed text share: tokens, words, the cursor and the results."""
