"""What the bot runs on: chat locks, the alarm, and a guard against changes of the clock."""
