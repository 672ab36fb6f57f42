"""The outbox: everything Telegram is to be told, written in the same transaction as the fact and delivered after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

REPLY = "reply"
NOT_DELIVERED = "not_delivered"
"""The key in a notification's payload for the number of tries that Telegram is known to have refused."""
DIGEST = "digest"
TOLD_TO_WAIT = "429"
"""The error of a row that waits because Telegram said for how long."""


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
    The ``payload`` of a notification has ``NOT_DELIVERED`` once Telegram has refused a try.
    """

    id: int
    recipient_id: int
    kind: str
    reservation_id: int | None
    payload: Mapping[str, object] | None
    due_at: datetime
    attempts: int

    def refused(self) -> Mapping[str, object]:
        """Return the payload of a notification after Telegram refused the newest try."""
        return {NOT_DELIVERED: not_delivered(self.payload) + 1}

    def withheld(self) -> Mapping[str, object]:
        """Return the same for a notification that is put aside. It will count its attempts from zero, so subtract those made so far."""
        return {NOT_DELIVERED: not_delivered(self.payload) + 1 - self.attempts}


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What the outbox knows about the delivery of one notification."""

    state: str
    attempts: int
    not_delivered: int

    @property
    def may_have_arrived(self) -> bool:
        """Tell whether the recipient may have read it. A try with an unknown outcome, such as a timeout, counts as one that arrived."""
        match self.state:
            case "sent":
                return True
            case "withheld":
                return self.not_delivered < 0
            case "due":
                return self.attempts > self.not_delivered
        # The attempt that settled the row as skipped or parked sent nothing.
        return self.attempts - 1 > self.not_delivered


def not_delivered(payload: Mapping[str, object] | None) -> int:
    """Return how many tries of a notification Telegram is known to have refused."""
    return int(str((payload or {}).get(NOT_DELIVERED, 0)))
