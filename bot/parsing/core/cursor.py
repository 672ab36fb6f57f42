"""Tokens seen from a position: the terminals every grammar rule is made of, and the list rule they share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from bot.parsing.core.tokens import Kind, Token, quoted
from bot.parsing.core.words import AND

Node = TypeVar("Node")
Found = Iterator[tuple[Node, int]]

MOST_ITEMS = 40

_NOTHING = Token(Kind.BREAK, "", 0, 0, glued=False)


@dataclass(slots=True)
class Cursor:
    """The tokens of one piece of text; ``furthest`` is the first position no rule has got past, which is where reading failed."""

    text: str
    tokens: tuple[Token, ...]
    furthest: int = 0
    memory: dict[tuple[str, int], Any] = field(default_factory=dict)

    def at(self, position: int) -> Token:
        """Return the token at a position; past the end there is an empty one."""
        return self.tokens[position] if position < len(self.tokens) else _NOTHING

    def is_end(self, position: int) -> bool:
        """Tell whether nothing is left."""
        return position >= len(self.tokens)

    def is_kind(self, position: int, kind: Kind, *, glued: bool = False) -> bool:
        """Tell whether a token of this kind stands here, and touches the one before where asked."""
        token = self.at(position)
        return self._passed(position, token.kind is kind and (token.glued or not glued))

    def is_word(self, position: int, words: Iterable[str], *, glued: bool = False) -> bool:
        """Tell whether one of the words stands here, and touches the token before where asked."""
        token = self.at(position)
        return self._passed(
            position, token.kind is Kind.WORD and token.text in words and (token.glued or not glued)
        )

    def number(self, position: int, digits: Iterable[int], *, glued: bool = False) -> int | None:
        """Return the number that stands here, or None where none of so many digits does."""
        token = self.at(position)
        fits = (
            token.kind is Kind.NUMBER and len(token.text) in digits and (token.glued or not glued)
        )
        return int(token.text) if self._passed(position, fits) else None

    def after(self, position: int, words: Iterable[str]) -> int:
        """Return the position after all of the words that stand here, possibly none."""
        while self.is_word(position, words):
            position += 1
        return position

    def after_kind(self, position: int, kind: Kind, *, glued: bool = False) -> int:
        """Return the position after a token of this kind, or the same one where none stands here."""
        return position + 1 if self.is_kind(position, kind, glued=glued) else position

    def after_separator(self, position: int) -> int:
        """Return the position after a comma, an "and" or both; the same one where neither stands here."""
        position = self.after_kind(position, Kind.COMMA)
        return (
            self.after_kind(position + 1, Kind.DOT, glued=True)
            if self.is_word(position, AND)
            else position
        )

    def piece(self, start: int, end: int | None = None) -> str:
        """Return the text of the tokens from one position up to another, or to the end, short enough to be shown back."""
        if self.is_end(start):
            return quoted(self.text)
        stop = len(self.text) if end is None else self.at(end - 1).end
        return quoted(self.text[self.at(start).start : stop])

    def _passed(self, position: int, fits: bool) -> bool:  # noqa: FBT001
        """Remember how far some rule has got."""
        if fits and not self.is_end(position):
            self.furthest = max(self.furthest, position + 1)
            return True
        return False


def remembered(
    rule: Callable[[Cursor, int], Iterable[tuple[Node, int]]],
) -> Callable[[Cursor, int], list[tuple[Node, int]]]:
    """Let a rule do its work once for each position of a text, however often it is asked."""

    @wraps(rule)
    def remembering(text: Cursor, at: int) -> list[tuple[Node, int]]:
        key = (rule.__qualname__, at)
        if key not in text.memory:
            text.memory[key] = list(rule(text, at))
        found: list[tuple[Node, int]] = text.memory[key]
        return found

    return remembering


def several(
    item: Callable[[int], Found[Node]], separators: Callable[[Node, int], Iterable[int]], start: int
) -> list[tuple[tuple[Node, ...], int]]:
    """Return the lists of at most ``MOST_ITEMS`` items that begin at a position, the longest first.

    ``separators`` gives the positions where the next item may begin after one. For each end only the first list found is kept: the work
    grows with the text, never with the number of ways to read it.
    """
    reached: dict[int, tuple[Node, ...]] = {}
    waiting: list[tuple[tuple[Node, ...], int]] = [((), start)]
    tried: set[int] = set()
    while waiting:
        items, position = waiting.pop()
        if position in tried or len(items) == MOST_ITEMS:
            continue
        tried.add(position)
        for node, end in item(position):
            if end not in reached:
                reached[end] = (*items, node)
                waiting += [((*items, node), after) for after in separators(node, end)]
    return sorted(((items, end) for end, items in reached.items()), key=lambda found: -found[1])
