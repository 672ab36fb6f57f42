"""Requests to the Bot API: the transport, calls in plain values, and reading the answers."""
