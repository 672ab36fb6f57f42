"""Reads times of day."""
