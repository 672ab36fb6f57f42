"""The bot as the command line runs it, but for its pace: a Telegram of our own sets no limits."""

import sys

from bot.__main__ import main

if __name__ == "__main__":
    sys.exit(main(rate_limiter=lambda: None))
