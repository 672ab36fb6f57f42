"""What a notification becomes when it is sent: read again, and rendered for its recipient."""
