"""Requests to the Bot API: the transport, calls with plain values, and parsing of answers."""
