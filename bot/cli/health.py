"""Check whether the bot on this machine is healthy.

Container engines run this command every few seconds, so it imports as little as it can.
"""

import argparse
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

from bot.settings import Address, Settings

_HEARTBEAT_SECONDS = 60
_ANSWER_SECONDS = 5
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (a bot that listens on all interfaces answers on loopback)
_NO_HEARTBEAT = f"The bot is not healthy: no heartbeat for {_HEARTBEAT_SECONDS} seconds."
_NO_ANSWER = "The bot is not healthy, or does not answer at the address in LISTEN."


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Check the heartbeat file of a SQLite database, or else ``/healthz``.

    Raises DatabaseUnusable if the file belongs to another program.
    """
    healthy, failure = (
        (_answers(settings.listen), _NO_ANSWER)
        if settings.is_postgres
        else (_has_heartbeat(settings), _NO_HEARTBEAT)
    )
    print("The bot is healthy." if healthy else failure)
    return 0 if healthy else 1


def _has_heartbeat(settings: Settings) -> bool:
    """Return whether the heartbeat file is fresh.

    A time far in the future does not count: it was written before the clock was set back.
    """
    heartbeat = settings.heartbeat_file
    if heartbeat is None:
        return False
    if heartbeat.exists() and abs(time.time() - heartbeat.stat().st_mtime) < _HEARTBEAT_SECONDS:
        return True
    _check_file(heartbeat.with_suffix(""))
    return False


def _check_file(file: Path) -> None:
    """Raise DatabaseUnusable if the file is not a database of Slotkeeper."""
    if file.exists():
        from storage.engine.sqlite_file import check_ownership  # noqa: PLC0415  (a healthy bot's check does not need it)

        check_ownership(file)


def _answers(listen: Address) -> bool:
    """Return whether ``/healthz`` of the bot on this machine answers with success."""
    host = _LOOPBACK_OF.get(listen.host, listen.host)
    # A proxy from the environment would not reach this machine's loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            f"http://{f'[{host}]' if ':' in host else host}:{listen.port}/healthz",
            timeout=_ANSWER_SECONDS,
        ):
            return True
    except (OSError, HTTPException):
        return False
