"""What a person is shown: a text, and buttons below it. Plain values, so that they can be kept, compared and sent later."""

import hashlib
import html
import json
import re
from dataclasses import dataclass

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Button:
    """One button: ``data`` comes back when it is tapped, ``url`` is opened; it has one of the two."""

    label: str
    data: str | None = None
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """A text in Telegram's HTML, and rows of buttons."""

    text: str
    rows: Rows = ()

    @property
    def plain(self) -> str:
        """The text as it reads without its tags."""
        return html.unescape(_TAG.sub("", self.text)).strip()

    @property
    def digest(self) -> str:
        """What two screens have in common that look alike: a digest of the plain text and the buttons."""
        return digest_of(
            self.plain, [[(b.label, b.data or b.url) for b in row] for row in self.rows]
        )


def digest_of(plain: str, rows: list[list[tuple[str, str | None]]]) -> str:
    """Return a digest of a plain text, and of the label and the data or address of each button."""
    return hashlib.sha256(json.dumps([plain, rows]).encode()).hexdigest()[:16]
