"""The messages that show a reservation in its client's chat."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """The message that shows a reservation, and the warning below it while there is one."""

    message_id: int | None = None
    notice_id: int | None = None
