"""The command line: ``python -m bot`` runs the bot, or the demo where there is no token."""

import argparse
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bot import __version__
from bot.logs import configure_logging
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import SettingsError, load_settings
from domain.ports import DatabaseAway, Misconfigured


def main(
    arguments: list[str] | None = None,
    *,
    rate_limiter: Callable[[], RateLimiter | None] = RateLimiter,
) -> int:
    """Do what the command line says and return the exit status: 0 well, 1 ill, 2 wrongly set up. ``rate_limiter`` makes one."""
    options = _parser().parse_args(arguments)
    options.rate_limiter = rate_limiter
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    command = "demo" if options.command == "run" and settings.bot_token is None else options.command
    try:
        return int(_loaded(command).execute(settings, options))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return 2
    except DatabaseAway as error:
        # It may be back soon: whoever keeps the bot running should try again.
        print(error, file=sys.stderr)
        return 1


def _loaded(command: str) -> ModuleType:
    """Load a command. All of it stays: to look for garbage meanwhile would find none, and take a tenth of the start."""
    gc.disable()
    try:
        return import_module(f"bot.cli.{command}")
    finally:
        gc.freeze()
        gc.enable()


def _parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Slotkeeper: a Telegram bot that keeps appointment slots."
    )
    parser.add_argument("--version", action="version", version=f"slotkeeper {__version__}")
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, text in (
        ("run", "run the bot (the default)"),
        ("migrate", "make the database, or bring it up to date"),
        ("health", "exit with 0 if the bot that uses this database is at work"),
        (
            "doctor",
            "look the database over without changing it, and say what is wrong and what to do",
        ),
    ):
        commands.add_parser(name, help=text).set_defaults(command=name)
    shown = commands.add_parser(
        "demo",
        help="show the bot in a simulated Telegram in the browser (what run does without BOT_TOKEN)",
    )
    shown.add_argument(
        "--database", type=Path, metavar="FILE", help="keep what happens in this file"
    )
    shown.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="serve the page on this port, else on any free one",
    )
    shown.set_defaults(command="demo")
    backup = commands.add_parser(
        "backup", help="write a whole copy of the database while the bot runs"
    )
    backup.add_argument(
        "file", type=Path, metavar="FILE", help="where to write it; must not exist yet"
    )
    backup.set_defaults(command="backup")
    return parser


if __name__ == "__main__":
    sys.exit(main())
