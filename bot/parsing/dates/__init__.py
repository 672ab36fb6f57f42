"""Parses days, lists of days and ranges of days."""
