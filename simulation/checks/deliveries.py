"""Checks that each row of the outbox is sent as a new message once.

A second time needs an excuse of its own: while the row was being sent, an answer was lost, or the
process was killed.
"""

from collections import Counter
from collections.abc import Iterator

from simulator.faults import FaultKind
from simulator.state.transcript import CallRecord

Row = tuple[str, int]
"""A notification and its number, or the replies of a chat: only their texts tell them apart."""
EVERY_PART = ""

# After these, the bot cannot know whether the message arrived.
_UNCERTAIN = {
    FaultKind.SILENCE_AFTER,
    FaultKind.CUT_AFTER,
    FaultKind.BROKEN_JSON,
    FaultKind.SLOW,
    FaultKind.SLOW_BEFORE,
}


class Deliveries:
    """Counts how often each row was sent, and what excuses a repeat."""

    def __init__(self) -> None:
        self._sent: Counter[tuple[Row, str]] = Counter()
        self._excuses: Counter[tuple[Row, str]] = Counter()
        self._rows: set[Row] = set()

    def was_sent(self, row: Row) -> bool:
        """Return whether a row was sent."""
        return row in self._rows

    def is_excused(self, row: Row) -> bool:
        """Return whether the bot may not know that it sent a row."""
        return self._excuses[row, EVERY_PART] > 0

    def excuse(self, row: Row, part: str) -> None:
        """Allow one repeat of a part whose process was killed."""
        self._excuses[row, part] += 1

    def add(self, row: Row, part: str, call: CallRecord, *, times: int = 1) -> Iterator[str]:
        """Count a call that showed a part of a row; yield a repeat without an excuse.

        A part may be sent several ``times``.
        """
        self._rows.add(row)
        self._sent[row, part] += 1
        excused = sum(self._excuses[row, each] for each in {EVERY_PART, part})
        if self._sent[row, part] > times + excused:
            text = call.params.get("text") or call.params.get("caption") or ""
            yield f"{call.params['chat_id']} is sent {row[0]} {row[1]} again: {text[:60]!r}"
        if call.fault in _UNCERTAIN:
            self.excuse(row, part if row[0] == "reply" else EVERY_PART)
