"""What went wrong for reasons of our own, counted until whoever runs the bot has been told."""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """The kinds of what can go wrong."""

    UPDATE_SET_ASIDE = "update_set_aside"
    MESSAGE_REFUSED = "message_refused"
    MESSAGE_BROKEN = "message_broken"
    JOB_FAILED = "job_failed"
    DATABASE_AWAY = "database_away"


@dataclass(frozen=True, slots=True)
class Incident:
    """How often something went wrong since it was last told of; ``error`` is the last one's class or reason, without persons."""

    kind: Trouble
    count: int
    error: str
