"""What the bot and storage share besides booking: dialogues, the outbox, incidents, integrity, retries."""
