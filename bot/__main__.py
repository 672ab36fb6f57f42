"""The command line: ``python -m bot`` runs the bot, or the demo where there is no token."""

import argparse
import asyncio
import logging
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from telegram.error import InvalidToken

from bot import __version__, app, demo, doctor, running
from bot.clock import system_clock
from bot.logs import configure_logging
from bot.pacing import Pace
from bot.settings import Address, Settings, SettingsError, load_settings
from bot.web import CannotListen
from bot.webhook import WebhookRefused
from domain.checkup import Checkup
from storage.backup import BackupFailed, back_up
from storage.database import DatabaseUnsupported, DatabaseUnusable, check_file, database_file
from storage.doctor import examined
from storage.migrate import migrate

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 60
# What is wrong with a setting though it looks right: the message is a sentence for whoever set it.
_WRONGLY_SET = (DatabaseUnsupported, DatabaseUnusable, CannotListen, WebhookRefused)
_ANSWER_SECONDS = 5
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (who listens everywhere is asked on loopback)
_NO_BEAT = f"No sign of life for {_HEARTBEAT_SECONDS} seconds."
_NO_ANSWER = "The bot does not answer at the address in LISTEN, or says that it is ill."
_PG_DUMP = 'A PostgreSQL database is backed up with its own tool: pg_dump --format=custom --file={file} "$DATABASE_URL"'


def main(arguments: list[str] | None = None, *, pace: Callable[[], Pace | None] = Pace) -> int:
    """Do what the command line says and return the exit status: 0 well, 1 ill, 2 wrongly set up; ``pace`` makes the bot's pace."""
    options = _parser().parse_args(arguments)
    options.pace = pace
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    try:
        return _COMMANDS[options.command](settings, options)
    except _WRONGLY_SET as error:
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
        ("doctor", "look the database over without changing it, and say what is wrong and what to do"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=name)
    shown = commands.add_parser("demo", help="show the bot in a simulated Telegram in the browser (what run does without BOT_TOKEN)")
    shown.add_argument("--database", type=Path, metavar="FILE", help="keep what happens in this file")
    shown.add_argument("--port", type=int, default=0, metavar="N", help="serve the page on this port, else on any free one")
    shown.set_defaults(command="demo")
    backup = commands.add_parser("backup", help="write a whole copy of the database while the bot runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to write it; must not exist yet")
    backup.set_defaults(command="backup")
    return parser


def _run(settings: Settings, options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT; without a token, the demo."""
    if settings.bot_token is None:
        return _demo(settings, options)
    try:
        asyncio.run(_until_told(running.run(settings, settings.bot_token.get_secret_value(), pace=options.pace())))
    except InvalidToken:
        print("Telegram refuses BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except _WRONGLY_SET:
        raise
    except Exception:
        log.exception("the bot stopped")
        return 1
    return 0


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    """Run the demo until SIGTERM or SIGINT; unless LOG_LEVEL says otherwise it logs only what is wrong."""
    if "log_level" not in settings.model_fields_set:
        configure_logging("WARNING", settings.log_format, settings.secrets)
    asyncio.run(_until_told(demo.run(settings, port=getattr(options, "port", 0), database=getattr(options, "database", None))))
    return 0


async def _until_told(running: Coroutine[Any, Any, None]) -> None:
    """Run something; a signal ends it by cancelling, which gives back what is in hand."""
    work = asyncio.ensure_future(running)
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
    """Tell whether the bot is at work: by the heartbeat beside a SQLite file, else by asking its HTTP side."""
    well = _answers(settings.listen) if _is_postgres(settings) else _beats(settings)
    print("The bot is at work." if well else _NO_ANSWER if _is_postgres(settings) else _NO_BEAT)
    return 0 if well else 1


def _is_postgres(settings: Settings) -> bool:
    """Tell whether the database is a PostgreSQL server's."""
    return urlsplit(settings.database_url).scheme == "postgresql"


def _beats(settings: Settings) -> bool:
    """Tell whether the heartbeat beside the database is fresh."""
    heartbeat = app.heartbeat_file(settings)
    return heartbeat is not None and heartbeat.exists() and time.time() - heartbeat.stat().st_mtime < _HEARTBEAT_SECONDS


def _answers(listen: Address) -> bool:
    """Tell whether the HTTP side of a bot on this machine says that it is well."""
    host = _ANYWHERE.get(listen.host, listen.host)
    # What speaks to this very machine asks no proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{f'[{host}]' if ':' in host else host}:{listen.port}/healthz", timeout=_ANSWER_SECONDS):
            return True
    except (OSError, HTTPException):
        return False


def _doctor(settings: Settings, _options: argparse.Namespace) -> int:
    """Look the database over and print what is wrong."""
    file = database_file(settings.database_url)
    if file is not None and not _is_there(file):
        print(doctor.NO_DATABASE)
        return 1
    check_file(settings.database_url)
    checkup = asyncio.run(_examined(settings.database_url))
    if checkup is None:
        print(doctor.OLD_SCHEMA)
        return 1
    found = list(doctor.findings(checkup))
    print(*(found or [doctor.ALL_WELL]), *doctor.remarks(checkup), sep="\n")
    return 1 if found else 0


async def _examined(url: str) -> Checkup | None:
    """Return the state of the books, None where they are not of this version."""
    async with examined(url) as books:
        return await books.checkup(system_clock()) if await books.is_current() else None


def _is_there(file: Path) -> bool:
    """Tell whether there is something under this name; raises DatabaseUnusable where nobody may look."""
    try:
        return file.exists()
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: {file} cannot be read: {error.strerror}.") from error


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    """Write a whole copy of the database while the bot runs."""
    if _is_postgres(settings):
        print(_PG_DUMP.format(file=options.file), file=sys.stderr)
        return 2
    source = database_file(settings.database_url)
    if source is None or not _is_there(source):
        print(f"There is no database at {source} yet: nothing to back up.", file=sys.stderr)
        return 1
    check_file(settings.database_url)
    try:
        back_up(source, options.file)
    except BackupFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Wrote {options.file}. To restore it: stop the bot, put the copy in the place of {source}, remove {source}-wal and -shm, start.")
    return 0


_COMMANDS = {"run": _run, "demo": _demo, "migrate": _migrate, "health": _health, "doctor": _doctor, "backup": _backup}

if __name__ == "__main__":
    sys.exit(main())
