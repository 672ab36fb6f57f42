"""Screens: values in, a text and its buttons out. Pure."""
