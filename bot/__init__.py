"""Slotkeeper's Telegram side: everything that knows Telegram, and the only place that reads the clock."""

import os

__version__ = "0.1.0"

# python-telegram-bot warns at every flood unless told that its durations may be timedeltas, as they will be in its next version.
os.environ.setdefault("PTB_TIMEDELTA", "true")
