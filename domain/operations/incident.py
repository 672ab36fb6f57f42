"""Internal failures, counted until the admins have been notified."""

from dataclasses import dataclass
from enum import StrEnum


class IncidentKind(StrEnum):
    """The kinds of incident."""

    UPDATE_SET_ASIDE = "update_set_aside"
    MESSAGE_REFUSED = "message_refused"
    MESSAGE_BROKEN = "message_broken"
    JOB_FAILED = "job_failed"
    DATABASE_AWAY = "database_away"


@dataclass(frozen=True, slots=True)
class Incident:
    """How often a failure occurred since the last report.

    ``error`` is the class or reason of the last occurrence and contains no personal data.
    """

    kind: IncidentKind
    count: int
    error: str
