"""Run the bot, or, where there is no token, the demo."""

import argparse
import asyncio
import logging
import sys

from telegram.error import InvalidToken

from bot import running
from bot.commands import demo
from bot.commands.until_told import until_told
from bot.settings import Settings
from domain.ports import Misconfigured

log = logging.getLogger(__name__)


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT; without a token, the demo."""
    if settings.bot_token is None:
        return demo.execute(settings, options)
    try:
        asyncio.run(until_told(running.run(settings, settings.bot_token.get_secret_value(), pace=options.pace())))
    except InvalidToken:
        print("Telegram refuses BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except Misconfigured:
        raise
    except Exception:
        log.exception("the bot stopped")
        return 1
    return 0
