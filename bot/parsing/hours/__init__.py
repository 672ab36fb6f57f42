"""Parses the hours that a provider types."""
