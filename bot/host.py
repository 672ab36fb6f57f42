"""What the bot takes from the machine that it runs on. The simulation passes its own."""

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import Any, Protocol

from bot.clock import Clock, system_clock
from bot.jobs.due_jobs import SWEEP
from bot.outbox.shared_state import ShownMessages
from bot.runtime.clock_guard import CLOCK_CHECK
from bot.runtime.membership import Membership
from bot.telegram.transport import OpenSession, open_session
from domain.invitation import new_code

_MAX_REPLICA_NUMBER = 2**31 - 1


def new_replica_number() -> int:
    """Return a random number for this process, which no other replica or earlier process has."""
    return secrets.randbelow(_MAX_REPLICA_NUMBER) + 1


class Replicas(Protocol):
    """What several processes need to use one database, where PostgreSQL does not provide it."""

    shown_messages: ShownMessages

    def membership(self, number: int) -> Membership:
        """Return the membership of this process, whose number no other one has."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: clocks, network, disk, random numbers, and whether it has threads.

    ``clock`` is the machine's wall clock, by which APScheduler runs jobs: it reads the time as
    ``datetime.now(scheduler_zone)``. ``connect`` opens SQLite files instead of aiosqlite; it
    returns a connection with the same methods. With ``replicas``, several processes may use one
    SQLite file at once. ``sweep`` is how often the jobs look for what is due, whatever the alarm
    says, and ``clock_check`` how often the clocks are compared.
    """

    clock: Clock = system_clock
    scheduler_zone: tzinfo = UTC
    monotonic: Callable[[], float] = time.monotonic
    open_session: OpenSession = open_session
    connect: Callable[..., Awaitable[Any]] | None = None
    new_code: Callable[[], str] = new_code
    new_replica_number: Callable[[], int] = new_replica_number
    replicas: Replicas | None = None
    has_threads: bool = True
    sweep: timedelta = SWEEP
    clock_check: timedelta = CLOCK_CHECK


HOST = Host()
"""The real machine."""
