"""What the bot and storage share besides booking: dialogues, outbox, incidents, retries."""
