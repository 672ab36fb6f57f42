"""What the bot does without an update: due jobs, crash recovery and the expiry of holds."""
