"""What no other feature handles: unknown words, other chats, old buttons, refusals and errors."""
