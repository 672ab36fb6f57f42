"""The demo: the bot in a simulated Telegram, shown in a browser."""
