"""Tell whether the bot on this machine is at work. It is asked every few seconds, so it loads as little as it can."""

import argparse
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

from bot.settings import Address, Settings

_HEARTBEAT_SECONDS = 60
_ANSWER_SECONDS = 5
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (who listens everywhere is asked on loopback)
_NO_BEAT = f"No sign of life for {_HEARTBEAT_SECONDS} seconds."
_NO_ANSWER = "The bot does not answer at the address in LISTEN, or says that it is ill."


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Tell by the heartbeat beside a SQLite file, else by asking the HTTP side; raises DatabaseUnusable for another program's file."""
    well, ill = (
        (_answers(settings.listen), _NO_ANSWER)
        if settings.is_postgres
        else (_beats(settings), _NO_BEAT)
    )
    print("The bot is at work." if well else ill)
    return 0 if well else 1


def _beats(settings: Settings) -> bool:
    """Tell whether the heartbeat beside the database is fresh; one in the future is from before the clock was set back."""
    heartbeat = settings.heartbeat_file
    if heartbeat is None:
        return False
    if heartbeat.exists() and abs(time.time() - heartbeat.stat().st_mtime) < _HEARTBEAT_SECONDS:
        return True
    _check_file(heartbeat.with_suffix(""))
    return False


def _check_file(file: Path) -> None:
    """Refuse a file in which no bot could ever be at work; raises DatabaseUnusable."""
    if file.exists():
        from storage.engine.sqlite_file import check_ours  # noqa: PLC0415  (a bot that is well is not asked for its file)

        check_ours(file)


def _answers(listen: Address) -> bool:
    """Tell whether the HTTP side of a bot on this machine says that it is well."""
    host = _ANYWHERE.get(listen.host, listen.host)
    # What speaks to this very machine asks no proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            f"http://{f'[{host}]' if ':' in host else host}:{listen.port}/healthz",
            timeout=_ANSWER_SECONDS,
        ):
            return True
    except (OSError, HTTPException):
        return False
