"""What surrounds the bot: virtual time, network, disk, Telegram, and what goes wrong."""
