"""What the simulated Telegram keeps: people, chats, messages, updates and the transcript."""
