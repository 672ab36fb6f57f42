"""The rules of booking: standard library only, and ``now`` is always an argument."""
