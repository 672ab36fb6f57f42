"""The command line: ``python -m bot`` runs the bot, or the demo if there is no token."""

import argparse
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from bot import __version__
from bot.logs import configure_logging
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import SettingsError, load_settings
from domain.failures import DatabaseAway, Misconfigured


def main(
    arguments: list[str] | None = None,
    *,
    rate_limiter: Callable[[], RateLimiter | None] = RateLimiter,
) -> int:
    """Run a command and return the exit status.

    0 means success, 1 failure, 2 a configuration error. ``rate_limiter`` creates the rate limiter
    of the ``run`` command.
    """
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
        return int(_load_command(command).execute(settings, options))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return 2
    except DatabaseAway as error:
        # Not status 2: the database may come back, so the supervisor should restart the bot.
        print(error, file=sys.stderr)
        return 1


def _load_command(command: str) -> ModuleType:
    """Import a command's module.

    Imported objects live until the end, so garbage collection during the import would take a tenth
    of the start-up time and free nothing.
    """
    gc.disable()
    try:
        return import_module(f"bot.cli.{command}")
    finally:
        gc.freeze()
        gc.enable()


def _parser() -> argparse.ArgumentParser:
    """Return the argument parser."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Slotkeeper: a Telegram bot that keeps appointment slots."
    )
    parser.add_argument("--version", action="version", version=f"slotkeeper {__version__}")
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, text in (
        ("run", "run the bot (the default)"),
        ("admin", "print a single-use link that makes its opener an admin"),
        ("migrate", "create the database, or migrate it to the current version"),
        ("health", "exit with 0 if the bot on this database is healthy"),
        (
            "doctor",
            "check the database without changing it, and print findings and what to do",
        ),
    ):
        commands.add_parser(name, help=text).set_defaults(command=name)
    demo = commands.add_parser(
        "demo",
        help="run the bot in a simulated Telegram in the browser (the default without BOT_TOKEN)",
    )
    demo.add_argument(
        "--database", type=Path, metavar="FILE", help="store the demo's data in this file"
    )
    demo.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="serve the page on this port instead of a free one",
    )
    demo.set_defaults(command="demo")
    _add_simulate(commands)
    backup = commands.add_parser(
        "backup", help="write a complete copy of the database while the bot runs"
    )
    backup.add_argument(
        "file", type=Path, metavar="FILE", help="the file to write; must not exist yet"
    )
    backup.set_defaults(command="backup")
    return parser


def _add_simulate(commands: Any) -> None:
    """Add the command that plays simulations."""
    simulate = commands.add_parser(
        "simulate",
        help="play the bot in a seeded simulation with random people and faults, and check it",
    )
    for flag, number, text in (
        ("--seed", int, "play only this seed; print the story and hashes"),
        ("--first", int, "begin with this seed instead of 0"),
        ("--count", int, "play so many seeds instead of going on until interrupted"),
        ("--minutes", float, "how many virtual minutes people act in each run"),
        ("--jobs", int, "how many runs to play at the same time"),
    ):
        simulate.add_argument(flag, type=number, metavar="N", help=text)
    simulate.add_argument("--without", nargs="+", default=[], help="trouble to leave out")
    simulate.add_argument(
        "--forks", type=int, default=0, help="at so many steps, try what a kill would do"
    )
    simulate.add_argument("--silent", nargs="+", default=[], help="people who do nothing")
    simulate.add_argument(
        "--resume", type=Path, metavar="FILE", help="note played seeds in this file, and skip them"
    )
    simulate.add_argument(
        "--reach", action="store_true", help="print which rules and use cases were never reached"
    )
    simulate.set_defaults(command="simulate")


if __name__ == "__main__":
    sys.exit(main())
