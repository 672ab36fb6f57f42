"""What the bot logs as an error, which is a finding unless the simulation caused it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIMULATED = "(simulated)"
"""In the message of each error that the simulation makes."""


class ErrorLog(logging.Handler):
    """Keeps what the bot logs as an error, and the warnings of Python.

    ``is_caused`` is asked whether the simulation caused a line, which may have an error.
    """

    def __init__(self, is_caused: Callable[[str, BaseException | None], bool]) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self._is_caused = is_caused

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error or a warning of Python, unless the simulation caused it."""
        if record.levelno < logging.ERROR and record.name != "py.warnings":
            return
        error = record.exc_info[1] if record.exc_info else None
        self.add(f"{record.name}: {record.getMessage()}", error)

    def add(self, line: str, error: BaseException | None) -> None:
        """Keep a line, unless the simulation caused it."""
        if not self._is_caused(line, error):
            self.errors.append(f"{line} {error!r}")

    def take(self) -> list[str]:
        """Return the lines and forget them."""
        taken, self.errors = self.errors, []
        return taken


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that it was translated from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    """Send all log lines to this handler alone for a block."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before
