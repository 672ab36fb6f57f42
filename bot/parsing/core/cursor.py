"""A cursor over tokens: the terminals of every grammar rule, and the rule for lists."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from bot.parsing.core.tokens import Kind, Token, quoted
from bot.parsing.core.words import AND

Node = TypeVar("Node")
Found = Iterator[tuple[Node, int]]

MAX_ITEMS = 40

_END = Token(Kind.BREAK, "", 0, 0, adjacent=False)


@dataclass(slots=True)
class Cursor:
    """The tokens of one text.

    ``furthest`` is the first position that no rule has got past: the place of a syntax error.
    """

    text: str
    tokens: tuple[Token, ...]
    furthest: int = 0
    cache: dict[tuple[str, int], Any] = field(default_factory=dict)

    def at(self, position: int) -> Token:
        """Return the token at a position, an empty one past the end."""
        return self.tokens[position] if position < len(self.tokens) else _END

    def is_end(self, position: int) -> bool:
        """Return whether no token is left."""
        return position >= len(self.tokens)

    def is_kind(self, position: int, kind: Kind, *, adjacent: bool = False) -> bool:
        """Return whether a token of this kind is here, adjacent to the one before if required."""
        token = self.at(position)
        return self._advance(position, token.kind is kind and (token.adjacent or not adjacent))

    def is_word(self, position: int, words: Iterable[str], *, adjacent: bool = False) -> bool:
        """Return whether one of the words is here, adjacent to the token before if required."""
        token = self.at(position)
        return self._advance(
            position,
            token.kind is Kind.WORD and token.text in words and (token.adjacent or not adjacent),
        )

    def number(self, position: int, digits: Iterable[int], *, adjacent: bool = False) -> int | None:
        """Return the number here, or None if there is none with an accepted count of digits."""
        token = self.at(position)
        fits = (
            token.kind is Kind.NUMBER
            and len(token.text) in digits
            and (token.adjacent or not adjacent)
        )
        return int(token.text) if self._advance(position, fits) else None

    def after(self, position: int, words: Iterable[str]) -> int:
        """Return the position after all of the words that are here, possibly none."""
        while self.is_word(position, words):
            position += 1
        return position

    def after_kind(self, position: int, kind: Kind, *, adjacent: bool = False) -> int:
        """Return the position after a token of this kind, or the same one if there is none."""
        return position + 1 if self.is_kind(position, kind, adjacent=adjacent) else position

    def after_separator(self, position: int) -> int:
        """Return the position after a comma, an "and" or both; the same one if there is neither."""
        position = self.after_kind(position, Kind.COMMA)
        return (
            self.after_kind(position + 1, Kind.DOT, adjacent=True)
            if self.is_word(position, AND)
            else position
        )

    def excerpt(self, start: int, end: int | None = None) -> str:
        """Return the text from one position up to another or the end, short enough to quote."""
        if self.is_end(start):
            return quoted(self.text)
        stop = len(self.text) if end is None else self.at(end - 1).end
        return quoted(self.text[self.at(start).start : stop])

    def _advance(self, position: int, fits: bool) -> bool:  # noqa: FBT001
        """Record how far any rule has got."""
        if fits and not self.is_end(position):
            self.furthest = max(self.furthest, position + 1)
            return True
        return False


def memoized(
    rule: Callable[[Cursor, int], Iterable[tuple[Node, int]]],
) -> Callable[[Cursor, int], list[tuple[Node, int]]]:
    """Cache a rule's results for each position of a text."""

    @wraps(rule)
    def wrapper(text: Cursor, at: int) -> list[tuple[Node, int]]:
        key = (rule.__qualname__, at)
        if key not in text.cache:
            text.cache[key] = list(rule(text, at))
        found: list[tuple[Node, int]] = text.cache[key]
        return found

    return wrapper


def item_lists(
    item: Callable[[int], Found[Node]], separators: Callable[[Node, int], Iterable[int]], start: int
) -> list[tuple[tuple[Node, ...], int]]:
    """Return the lists of at most ``MAX_ITEMS`` items that begin at a position, longest first.

    ``separators`` yields the positions where the next item may begin after one. Of several lists
    with the same end only the first is kept: the work grows with the text, not with its ambiguity.
    """
    reached: dict[int, tuple[Node, ...]] = {}
    pending: list[tuple[tuple[Node, ...], int]] = [((), start)]
    tried: set[int] = set()
    while pending:
        items, position = pending.pop()
        if position in tried or len(items) == MAX_ITEMS:
            continue
        tried.add(position)
        for node, end in item(position):
            if end not in reached:
                reached[end] = (*items, node)
                pending += [((*items, node), after) for after in separators(node, end)]
    return sorted(((items, end) for end, items in reached.items()), key=lambda found: -found[1])
