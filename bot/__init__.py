"""The Telegram bot: everything that talks to Telegram, and the only code that reads the clock."""

import os

__version__ = "0.1.0"

# python-telegram-bot warns about durations that are not timedeltas unless this is set.
os.environ.setdefault("PTB_TIMEDELTA", "true")
