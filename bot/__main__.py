"""The command line: ``python -m bot`` runs the bot."""

import argparse
import asyncio
import logging
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from telegram.error import InvalidToken

from bot import __version__, app
from bot.logs import configure_logging
from bot.settings import Settings, SettingsError, load_settings
from storage.database import DatabaseUnsupported, database_file
from storage.migrate import migrate

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 60
_TOKENLESS = "BOT_TOKEN is not set: ask @BotFather for a token and put it into the environment or into .env (see .env.example)."


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says and return the exit status: 0 well, 1 ill, 2 wrongly set up."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    try:
        return _COMMANDS[options.command](settings, options)
    except DatabaseUnsupported as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Slotkeeper: a Telegram bot that keeps appointment slots.")
    parser.add_argument("--version", action="version", version=f"slotkeeper {__version__}")
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, text in (
        ("run", "run the bot (the default)"),
        ("migrate", "make the database, or bring it up to date"),
        ("health", "exit with 0 if the bot that uses this database is at work"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=name)
    backup = commands.add_parser("backup", help="write a whole copy of the database while the bot runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to write it; must not exist yet")
    backup.set_defaults(command="backup")
    return parser


def _run(settings: Settings, _options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT."""
    if settings.bot_token is None:
        print(_TOKENLESS, file=sys.stderr)
        return 2
    try:
        asyncio.run(_until_told(settings, settings.bot_token.get_secret_value()))
    except InvalidToken:
        print("Telegram refuses BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except DatabaseUnsupported:
        raise
    except Exception:
        log.exception("the bot stopped")
        return 1
    return 0


async def _until_told(settings: Settings, token: str) -> None:
    """Run the bot; a signal ends it by cancelling, which gives back what is in hand."""
    work = asyncio.ensure_future(app.run(settings, token))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("stopped")


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    """Make the database, or bring it up to date."""
    asyncio.run(migrate(settings.database_url))
    print("The database is up to date.")
    return 0


def _health(settings: Settings, _options: argparse.Namespace) -> int:
    """Tell by the heartbeat beside the database whether the bot is at work."""
    heartbeat = app.heartbeat_file(settings)
    fresh = heartbeat is not None and heartbeat.exists() and time.time() - heartbeat.stat().st_mtime < _HEARTBEAT_SECONDS
    print("The bot is at work." if fresh else f"No sign of life for {_HEARTBEAT_SECONDS} seconds.")
    return 0 if fresh else 1


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    """Write a whole copy of the database; copying the file instead would leave out what is still in its log."""
    source = database_file(settings.database_url)
    if source is None or not source.exists():
        print(f"There is no database at {source} yet: nothing to back up.", file=sys.stderr)
        return 1
    if options.file.exists():
        print(f"{options.file} exists already: name another file.", file=sys.stderr)
        return 1
    try:
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(options.file),))
    except sqlite3.Error as error:
        print(f"{options.file} could not be written: {error}.", file=sys.stderr)
        return 1
    print(f"Wrote {options.file}. To restore it: stop the bot, put the copy in the place of {source}, remove {source}-wal and -shm, start.")
    return 0


_COMMANDS = {"run": _run, "migrate": _migrate, "health": _health, "backup": _backup}

if __name__ == "__main__":
    sys.exit(main())
