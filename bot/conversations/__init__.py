"""The dialogues that give meaning to typed text."""
