"""Log flood control: repeated records are counted instead of written."""

import contextvars
import itertools
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

_BURST = 20
_WINDOW_SECONDS = 60.0
_MOST_KINDS = 500
_LONGEST_TEMPLATE = 200

Kind = tuple[str, int, str, str]
"""What makes two records the same: logger, level, message template and the exception's type."""


@dataclass(slots=True)
class _Window:
    """The records of one kind since the first of them."""

    opened_at: float
    admitted: int = 0
    suppressed: int = 0


class FloodControl:
    """Admits the first records of a kind in each time window and counts the rest.

    It keeps at most ``most_kinds`` windows; beyond that, the oldest one ends early.
    """

    def __init__(
        self,
        *,
        burst: int = _BURST,
        window_seconds: float = _WINDOW_SECONDS,
        most_kinds: int = _MOST_KINDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._window_seconds = window_seconds
        self._most_kinds = most_kinds
        self._clock = clock
        # Ordered by when they opened.
        self._windows: dict[Kind, _Window] = {}

    @property
    def open_windows(self) -> int:
        """The number of kinds that have an open window."""
        return len(self._windows)

    def admitted(self, record: logging.LogRecord) -> Iterator[logging.LogRecord]:
        """Count a record; yield the summaries that are due, then the record if it is admitted."""
        yield from self._ended()
        kind = kind_of(record)
        if kind not in self._windows:
            if len(self._windows) >= self._most_kinds:
                yield from self._end(next(iter(self._windows)))
            self._windows[kind] = _Window(self._clock())
        window = self._windows[kind]
        if window.admitted < self._burst:
            window.admitted += 1
            yield record
        else:
            window.suppressed += 1

    def remaining(self) -> Iterator[logging.LogRecord]:
        """End all windows and yield their summaries."""
        for kind in list(self._windows):
            yield from self._end(kind)

    def _ended(self) -> Iterator[logging.LogRecord]:
        """Yield the summaries of windows whose time is over."""
        latest = self._clock() - self._window_seconds
        over = itertools.takewhile(lambda item: item[1].opened_at <= latest, self._windows.items())
        for kind, _ in list(over):
            yield from self._end(kind)

    def _end(self, kind: Kind) -> Iterator[logging.LogRecord]:
        """End a window; yield its summary if it suppressed something."""
        window = self._windows.pop(kind)
        if window.suppressed:
            yield _summary(
                kind, window.suppressed, min(self._clock() - window.opened_at, self._window_seconds)
            )


class FloodControlHandler(logging.StreamHandler[TextIO]):
    """Writes admitted records to a stream, and summaries with the next record or at the end."""

    def __init__(self, stream: TextIO, control: FloodControl | None = None) -> None:
        super().__init__(stream)
        self._control = control or FloodControl()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record and the summaries that are due. A suppressed record is not rendered."""
        for admitted in self._control.admitted(record):
            if admitted is record:
                super().emit(record)
            else:
                self._write_summary(admitted)

    def close(self) -> None:
        """Write the summaries that are left; logging calls this when the program ends."""
        self.acquire()
        try:
            for summary in self._control.remaining():
                self._write_summary(summary)
        finally:
            self.release()
        super().close()

    def _write_summary(self, summary: logging.LogRecord) -> None:
        """Write a summary without context variables, since it belongs to no update."""
        contextvars.Context().run(super().emit, summary)


def kind_of(record: logging.LogRecord) -> Kind:
    """Return the kind of a record.

    Libraries that format messages themselves put what varies, like a task's name, after the first
    line.
    """
    message = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
    template = message if isinstance(message, str) else type(message).__name__
    return (
        record.name,
        record.levelno,
        template.partition("\n")[0][:_LONGEST_TEMPLATE],
        _exception_name(record),
    )


def _exception_name(record: logging.LogRecord) -> str:
    """Return the type of a record's exception; structlog keeps it among the event's fields."""
    found: Any = record.exc_info or (
        record.msg.get("exc_info") if isinstance(record.msg, dict) else None
    )
    if found is True:
        found = sys.exc_info()
    kind = (
        found[0]
        if isinstance(found, tuple)
        else type(found)
        if isinstance(found, BaseException)
        else None
    )
    return f"{kind.__module__}.{kind.__qualname__}" if kind is not None else ""


def _summary(kind: Kind, count: int, seconds: float) -> logging.LogRecord:
    """Return the record that summarizes suppressed ones."""
    name, level, template, exception = kind
    text = f"{template} ({exception})" if exception else template
    message = "repeated %s more times within %d seconds: %s"
    return logging.LogRecord(
        name, level, __file__, 0, message, (f"{count:,}", math.ceil(seconds), text), None
    )
