"""One package a feature: its handlers or conversation, screens and dialogue state."""
