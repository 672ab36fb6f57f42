"""Run the bot."""

import argparse
import asyncio
import logging
import sys
from functools import partial

from telegram.error import InvalidToken

from bot import lifecycle
from bot.cli.first_admin import offer_first_admin
from bot.cli.signals import run_until_signal
from bot.settings import Settings
from domain.failures import DatabaseAway, Misconfigured

log = logging.getLogger(__name__)


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT."""
    # The command line runs the demo instead of this command if there is no token.
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    try:
        asyncio.run(
            run_until_signal(
                lifecycle.run(
                    settings,
                    token,
                    rate_limiter=options.rate_limiter(),
                    ready=partial(offer_first_admin, settings=settings),
                )
            )
        )
    except InvalidToken:
        print("Telegram rejects BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except (DatabaseAway, Misconfigured):
        raise
    except Exception:
        log.exception("the bot stopped")
        return 1
    return 0
