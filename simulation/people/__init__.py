"""People with random intents; ``acts`` lists everything that they do."""
