"""Splits a text into tokens by regular expressions; grammars give them their meaning."""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

QUOTED_LENGTH = 60


class Kind(Enum):
    """The kinds of token."""

    NUMBER = auto()
    WORD = auto()
    DASH = auto()
    DOT = auto()
    COLON = auto()
    SLASH = auto()
    COMMA = auto()
    BREAK = auto()
    OTHER = auto()


_SHAPES = (
    (Kind.NUMBER, r"[0-9]+"),
    (Kind.WORD, r"[^\W\d_]+(?:['’][^\W\d_]+)*|[&+]"),
    (Kind.DASH, r"[-\u2010-\u2015\u2212]"),
    (Kind.DOT, r"\."),
    (Kind.COLON, r":"),
    (Kind.SLASH, r"/"),
    (Kind.COMMA, r","),
    (Kind.BREAK, r"[;\n\r]"),
    (Kind.OTHER, r"\S"),
)
_KINDS = {kind.name: kind for kind, _ in _SHAPES}
_TOKEN = re.compile("|".join(f"(?P<{kind.name}>{shape})" for kind, shape in _SHAPES))


@dataclass(frozen=True, slots=True)
class Token:
    """One token: kind, case-folded text, position, and whether it touches the token before."""

    kind: Kind
    text: str
    start: int
    end: int
    adjacent: bool


def normal(text: str) -> str:
    """Return the text with compatible characters normalized, like full-width digits and accents."""
    return unicodedata.normalize("NFKC", text)


def tokens(text: str) -> tuple[Token, ...]:
    """Split a normalized text into tokens; white space separates and is dropped."""
    result: list[Token] = []
    for match in _TOKEN.finditer(text):
        adjacent = bool(result) and result[-1].end == match.start()
        word = match.group().casefold().replace("’", "'")
        result.append(
            Token(_KINDS[match.lastgroup or "OTHER"], word, match.start(), match.end(), adjacent)
        )
    return tuple(result)


def quoted(text: str) -> str:
    """Return a person's text shortened for quoting it back."""
    return " ".join(text.split())[:QUOTED_LENGTH].strip()
