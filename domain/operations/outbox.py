"""The outbox: messages written in the same transaction as the change and sent after the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

REPLY = "reply"
NOT_DELIVERED = "not_delivered"
"""The key in a notification's payload for the number of tries that Telegram has refused."""
DIGEST = "digest"
MISSED = "missed"
CARD = "card"
TELEGRAM = "telegram"
"""The one channel so far."""
TOLD_TO_WAIT = "429"
"""The error of a row that waits because Telegram's rate limit demands it."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows are due but not sent, and since when the oldest is due, or None."""

    depth: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to send to one chat.

    ``kind`` is a ``notification.Kind``, rendered from the ``revision`` of the subject when it is
    sent; or another kind of ``domain.notification``, about another subject; or ``REPLY``, the
    answer to an update, rendered with the transaction and stored in ``payload`` as plain JSON; or
    ``DIGEST``, an admin summary of errors, with the figures in ``payload``; or ``MISSED``, what a
    person missed while they were unreachable; or ``CARD``, a reservation whose card may show an
    earlier state, and is edited without a message. ``recipient_id`` is the number of the person
    whom a notification is for. The ``payload`` of a notification about a reservation has
    ``NOT_DELIVERED`` once Telegram has refused a try.
    """

    id: int
    chat_id: int
    recipient_id: int | None
    kind: str
    subject_kind: str | None
    subject_id: int | None
    revision: int | None
    payload: Mapping[str, object] | None
    due_at: datetime
    attempts: int

    @property
    def reservation_id(self) -> int | None:
        """The reservation that a notification is about, None if it is about something else."""
        return self.subject_id if self.subject_kind == "reservation" else None

    def refused(self) -> Mapping[str, object]:
        """Return a notification's payload after Telegram refused the latest try."""
        return {NOT_DELIVERED: not_delivered(self.payload) + 1}

    def withheld(self) -> Mapping[str, object]:
        """Return the payload for a notification that is withheld.

        It will count its attempts from zero, so the attempts so far are subtracted.
        """
        return {NOT_DELIVERED: not_delivered(self.payload) + 1 - self.attempts}


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is withheld for a chat: the newest rows, oldest first, and how many ``older`` ones.

    ``last`` is the highest number of them all.
    """

    rows: Sequence[OutboxRow]
    older: int
    last: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What the outbox knows about the delivery of one notification; ``id`` is that of its row."""

    state: str
    attempts: int
    not_delivered: int
    id: int = field(default=0, compare=False)

    @property
    def may_arrive(self) -> bool:
        """Return whether the recipient has got it, or gets it if it still holds."""
        return self.state in {"due", "sent"}

    @property
    def may_have_arrived(self) -> bool:
        """Return whether the recipient may have read it.

        A try with an unknown outcome, for example a timeout, counts as delivered.
        """
        match self.state:
            case "sent":
                return True
            case "withheld":
                return self.not_delivered < 0
            case "due":
                return self.attempts > self.not_delivered
        # The attempt that marked the row as skipped or parked sent nothing.
        return self.attempts - 1 > self.not_delivered


def not_delivered(payload: Mapping[str, object] | None) -> int:
    """Return how many tries of a notification Telegram has refused."""
    return int(str((payload or {}).get(NOT_DELIVERED, 0)))
