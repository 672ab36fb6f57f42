"""Parses times of day and time ranges."""
