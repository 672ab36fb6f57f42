"""What a handler gets: the context, the update request, stored dialogues and typed text."""
