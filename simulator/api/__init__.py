"""The Bot API of the simulated Telegram: the server, its methods, and what it refuses."""
