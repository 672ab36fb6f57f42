"""Reads names of time zones and places."""
