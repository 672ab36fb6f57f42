"""What the bot does without an update: the worker that runs due jobs, and the expiry of holds."""
