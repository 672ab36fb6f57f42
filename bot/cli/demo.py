"""Show the bot in a simulated Telegram in the browser."""

import argparse
import asyncio

from bot.cli.signals import until_told
from bot.demo import demo
from bot.logs import configure_logging
from bot.settings import Settings


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Run the demo until SIGTERM or SIGINT; unless LOG_LEVEL says otherwise it logs only what is wrong."""
    if "log_level" not in settings.model_fields_set:
        configure_logging("WARNING", settings.log_format, settings.secrets)
    asyncio.run(
        until_told(
            demo.run(
                settings,
                port=getattr(options, "port", 0),
                database=getattr(options, "database", None),
            )
        )
    )
    return 0
