"""Renders notifications when they are sent, from the current state and for their recipient."""
