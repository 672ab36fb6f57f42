"""One package for each feature: its handlers or conversation, its screens and its dialogue state."""
