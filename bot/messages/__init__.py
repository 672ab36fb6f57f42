"""What a person is shown, and the actions that show it, as plain values."""
