"""The state of the simulated Telegram: people, chats, messages, updates and the transcript."""
