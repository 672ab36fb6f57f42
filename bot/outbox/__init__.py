"""Delivers outbox rows to people: the relay, the sender, the rate limiter and its fair queue."""
