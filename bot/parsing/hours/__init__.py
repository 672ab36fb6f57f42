"""Reads the hours that a provider types."""
