"""Admins add providers, assistants, new accounts of providers, and other admins."""
