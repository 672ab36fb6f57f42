"""How an update comes in: received, read, and processed as one unit of work."""
