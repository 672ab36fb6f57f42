"""A line that a person typed in private, and which edits of it are worth an answer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One version of a line: its chat, its number there, and a checksum of its text, None where it has no text."""

    chat: int
    number: int
    checksum: int | None
    edited: bool = False


def is_first_change(edit: Line, newest: int | None, earlier: Sequence[Line]) -> bool:
    """Tell whether an edit is the first that gives the newest line of its chat another text.

    ``earlier`` holds the known versions of the same line. Telegram reports other edits too: a live location moves, only the formatting
    or a link preview changes, or the line is an older one.
    """
    original = next((version.checksum for version in earlier if not version.edited), None)
    if original is None or edit.checksum in (None, original) or edit.number != newest:
        return False
    return all(version.checksum in (None, original) for version in earlier)
