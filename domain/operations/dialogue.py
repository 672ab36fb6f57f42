"""Where a person stands in a dialogue: kept with the work, so that a restart interrupts nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The dialogue one person is in.

    ``flow`` and ``state`` are None outside of any. ``data`` is plain JSON; ``card_message_id`` the message the dialogue edits in place.
    """

    flow: str | None = None
    state: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    card_message_id: int | None = None
