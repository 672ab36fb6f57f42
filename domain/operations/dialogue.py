"""A person's place in a dialogue.

It is stored with their changes, so a restart does not lose it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The dialogue one person is in.

    ``flow`` and ``state`` are None outside a dialogue. ``data`` is plain JSON. ``card_message_id``
    is the message the dialogue edits in place.
    """

    flow: str | None = None
    state: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    card_message_id: int | None = None
