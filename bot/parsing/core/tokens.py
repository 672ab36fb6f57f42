"""Cuts a text into tokens by small regular expressions; what a token means is the grammars' affair."""

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
    """One token: its kind, its case-folded text, where it stands in the text, and whether it touches the token before."""

    kind: Kind
    text: str
    start: int
    end: int
    glued: bool


def normal(text: str) -> str:
    """Return the text with compatible characters (full-width digits, hard spaces, split accents) brought to one form."""
    return unicodedata.normalize("NFKC", text)


def tokens(text: str) -> tuple[Token, ...]:
    """Cut a normalised text into tokens; white space separates and is dropped."""
    cut: list[Token] = []
    for match in _TOKEN.finditer(text):
        glued = bool(cut) and cut[-1].end == match.start()
        word = match.group().casefold().replace("’", "'")
        cut.append(
            Token(_KINDS[match.lastgroup or "OTHER"], word, match.start(), match.end(), glued)
        )
    return tuple(cut)


def quoted(text: str) -> str:
    """Return a piece of a person's text short enough to be shown back."""
    return " ".join(text.split())[:QUOTED_LENGTH].strip()
