"""Run the bot in a simulated Telegram in the browser."""

import argparse
import asyncio

from bot.cli.signals import run_until_signal
from bot.demo import demo
from bot.logs import configure_logging
from bot.settings import Settings


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Run the demo until SIGTERM or SIGINT; log warnings only, unless LOG_LEVEL is set."""
    if "log_level" not in settings.model_fields_set:
        configure_logging("WARNING", settings.log_format, settings.secrets)
    asyncio.run(
        run_until_signal(
            demo.run(
                settings,
                port=getattr(options, "port", 0),
                database=getattr(options, "database", None),
            )
        )
    )
    return 0
