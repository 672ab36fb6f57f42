"""What the bot runs on: one lock for each chat, one alarm, and a guard for a clock that is set."""
