"""Declare which function handles a button, a command, a deep link or a typed line."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from telegram import Update
from telegram.ext.filters import BaseFilter

from bot.buttons.base import CallbackData
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, Next
from bot.dialogue.typed_filters import BLANK, LINE
from domain.operations.dialogue import Dialogue

_Tap = TypeVar("_Tap", bound=CallbackData)
_Next = TypeVar("_Next", bound=Next)
_OfTap = Callable[[Context, _Tap], Coroutine[Any, Any, _Next]]
_OfText = Callable[[Update, Context], Coroutine[Any, Any, _Next]]
_Handler = Callable[..., Coroutine[Any, Any, Next]]
_State = tuple[Flow[Any], StrEnum]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, and the flow whose states it returns, if any.

    ``keeps_dialogue`` leaves a dialogue of another flow as it is, unless the tapped message is its
    card: that card now shows something else, so the dialogue ends.
    """

    handler: _Handler
    flow: Flow[Any] | None
    keeps_dialogue: bool = False

    async def run(self, context: Context, *arguments: object) -> None:
        """Run the handler and go on to the state it returns."""
        before = context.request.dialogue
        state = await self.handler(*arguments)
        if self.keeps_dialogue and self._is_elsewhere(before, context.request.tapped):
            context.request.dialogue = before
        elif self.flow is not None:
            self.flow.go_on(context, state)
        elif self.keeps_dialogue:
            context.request.leave()

    def _is_elsewhere(self, dialogue: Dialogue, tapped: int | None) -> bool:
        """Return whether a dialogue is one of another flow, on another message."""
        own = self.flow.name if self.flow else None
        return dialogue.flow not in {None, own} and dialogue.card_message_id != tapped


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one module, filled by decorators. All handlers belong to one flow, or none.

    A handler of a button gets the context and what the button carries. All others have the
    signature of python-telegram-bot. Two handlers for the same thing raise a ValueError.
    """

    flow: Flow[Any] | None = None
    buttons: dict[type[CallbackData], Route] = field(default_factory=dict)
    commands: dict[str, Route] = field(default_factory=dict)
    links: dict[str, Route] = field(default_factory=dict)
    lines: dict[_State, tuple[BaseFilter, _Handler]] = field(default_factory=dict)

    def button(
        self, kind: type[_Tap], *, keeps_dialogue: bool = False
    ) -> Callable[[_OfTap[_Tap, _Next]], _OfTap[_Tap, _Next]]:
        """Handle taps on buttons of a type; for ``keeps_dialogue`` see ``Route``."""

        def add(handler: _OfTap[_Tap, _Next]) -> _OfTap[_Tap, _Next]:
            _add(self.buttons, kind, Route(handler, self.flow, keeps_dialogue))
            return handler

        return add

    def command(
        self, name: str, *, keeps_dialogue: bool = False
    ) -> Callable[[_OfText[_Next]], _OfText[_Next]]:
        """Handle a command, typed or as an ``Open`` button."""

        def add(handler: _OfText[_Next]) -> _OfText[_Next]:
            _add(self.commands, name, Route(handler, self.flow, keeps_dialogue))
            return handler

        return add

    def link(self, kind: str) -> Callable[[_OfText[_Next]], _OfText[_Next]]:
        """Handle one kind of deep link; ``deep_links.rest_of_link`` returns the rest of it."""

        def add(handler: _OfText[_Next]) -> _OfText[_Next]:
            _add(self.links, kind, Route(handler, self.flow))
            return handler

        return add

    def line(
        self, state: StrEnum, *, blank: bool = False
    ) -> Callable[[_OfText[_Next]], _OfText[_Next]]:
        """Handle lines typed in a state of the flow; ``blank`` are those without visible text."""
        if self.flow is None:
            raise ValueError(f"the state {state} needs a flow")
        key, accepted = (self.flow, state), LINE | BLANK if blank else LINE

        def add(handler: _OfText[_Next]) -> _OfText[_Next]:
            _add(self.lines, key, (accepted, handler))
            return handler

        return add


def joined(parts: Iterable[Routes]) -> Routes:
    """Return the routes of all modules; raises ValueError if two handle the same thing."""
    whole = Routes()
    for part in parts:
        for mine, theirs in (
            (whole.buttons, part.buttons),
            (whole.commands, part.commands),
            (whole.links, part.links),
            (whole.lines, part.lines),
        ):
            for key, route in theirs.items():
                _add(mine, key, route)
    return whole


def _add(routes: dict[Any, Any], key: object, route: object) -> None:
    """Add a route, unless there is one already."""
    if key in routes:
        raise ValueError(f"two handlers of {key}")
    routes[key] = route
