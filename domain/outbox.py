"""The outbox: everything Telegram is to be told, written in the same transaction as the fact and delivered after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

REPLY = "reply"
DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows are due and not told, and since when the oldest of them is due; None where there is none."""

    depth: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to deliver to one person.

    ``kind`` is a ``notification.Kind``, rendered from the reservation when it goes out, or ``REPLY``: the answer to an update, rendered
    with the work and kept in ``payload`` as plain JSON, or ``DIGEST``: what an admin is told of errors, whose ``payload`` has the figures.
    """

    id: int
    recipient_id: int
    kind: str
    reservation_id: int | None
    payload: Mapping[str, object] | None
    due_at: datetime
    attempts: int
