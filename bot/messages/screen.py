"""Screens: a text with buttons below it, as plain values that can be stored and compared."""

import hashlib
import html
import json
import re
from dataclasses import dataclass, replace

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Button:
    """One button, with either ``data``, which a tap returns, or a ``url``, which a tap opens."""

    label: str
    data: str | None = None
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """A text in Telegram's HTML, and rows of buttons."""

    text: str
    rows: Rows = ()

    def below(self, note: str) -> "Screen":
        """Return the screen with a note in HTML above its text, unless the note is empty."""
        return replace(self, text=f"{note}\n\n{self.text}") if note else self

    @property
    def plain(self) -> str:
        """The text without its tags."""
        return html.unescape(_TAG.sub("", self.text)).strip()

    @property
    def digest(self) -> str:
        """A digest of the plain text and the buttons: screens that look the same have the same."""
        return digest_of(
            self.plain, [[(b.label, b.data or b.url) for b in row] for row in self.rows]
        )


def digest_of(plain: str, rows: list[list[tuple[str, str | None]]]) -> str:
    """Return a digest of a plain text, and of each button's label and its data or URL."""
    return hashlib.sha256(json.dumps([plain, rows]).encode()).hexdigest()[:16]
