"""Finds time zones by names of zones and places."""
