"""A client finds a provider, a day and a time, and holds it."""
