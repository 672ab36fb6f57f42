"""A line that a person typed in a private chat, and which edits of it deserve an answer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One version of a line: its chat, its number, and a checksum of its text or None."""

    chat: int
    number: int
    checksum: int | None
    edited: bool = False


def is_first_change(edit: Line, newest: int | None, earlier: Sequence[Line]) -> bool:
    """Return whether an edit is the first that changes the text of the newest line in its chat.

    ``earlier`` holds the known versions of the same line. Telegram also reports edits that are not
    text changes: a live location moves, or only the formatting or a link preview changes. Older
    lines can be edited too.
    """
    original = next((version.checksum for version in earlier if not version.edited), None)
    if original is None or edit.checksum in (None, original) or edit.number != newest:
        return False
    return all(version.checksum in (None, original) for version in earlier)
