"""Where and when a run takes place."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.jobs.due_jobs import SWEEP
from bot.runtime.clock_guard import CLOCK_CHECK


@dataclass(frozen=True, slots=True)
class Setting:
    """When a run starts, the venue's time zone, and how often the bot looks for due work.

    ``sweep`` and ``clock_check`` are as in ``bot.host``. ``patience`` is how long people wait for
    something to begin.
    """

    start: datetime
    zone: str = "Europe/Berlin"
    sweep: timedelta = SWEEP
    clock_check: timedelta = CLOCK_CHECK
    patience: timedelta = timedelta(minutes=10)
