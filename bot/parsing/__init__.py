"""Parses typed days, hours and time zones in English and German.

Each parser tokenizes the text, builds nodes by a grammar, and interprets the nodes for a date. It
uses no clock and no network, and it reports every assumption.
"""
