"""What happens without an update: the worker that runs what is due, and the expiry of holds."""
