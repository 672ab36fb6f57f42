"""Slotkeeper's Telegram side: everything that knows Telegram, and the only place that reads the clock."""

__version__ = "0.1.0"
