"""Reads days, lists and ranges of days."""
