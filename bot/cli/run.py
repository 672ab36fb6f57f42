"""Run the bot."""

import argparse
import asyncio
import logging
import sys

from telegram.error import InvalidToken

from bot import lifecycle as running
from bot.cli.signals import until_told
from bot.settings import Settings
from domain.ports import DatabaseAway, Misconfigured

log = logging.getLogger(__name__)


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT."""
    # Without a token it is the demo that runs.
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    try:
        asyncio.run(until_told(running.run(settings, token, rate_limiter=options.rate_limiter())))
    except InvalidToken:
        print("Telegram refuses BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except (DatabaseAway, Misconfigured):
        raise
    except Exception:
        log.exception("the bot stopped")
        return 1
    return 0
