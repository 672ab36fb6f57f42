"""Commands and buttons outside of the dialogues."""
