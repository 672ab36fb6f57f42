"""The demo: the bot in a simulated Telegram, in a browser."""
