"""Booking: a client chooses a provider, a day and a time, and holds it."""
