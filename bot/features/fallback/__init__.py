"""What no other feature takes: unknown words, other chats, old buttons, refusals and errors."""
