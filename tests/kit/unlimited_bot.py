"""The bot's command line without rate limits, for a simulated Telegram that sets none."""

import sys

from bot.__main__ import main

if __name__ == "__main__":
    sys.exit(main(rate_limiter=lambda: None))
