"""Dialogues whose state is stored: a typed line means what the current state makes of it."""

import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from telegram import Update
from telegram.ext import Application, BaseHandler, ConversationHandler
from telegram.warnings import PTBUserWarning

from bot.dialogue.context import Context
from bot.dialogue.request import CURRENT_REQUEST

log = logging.getLogger(__name__)

Next = str | int | None
"""What a handler returns: the state to enter, END to leave the dialogue, or None to stay."""

_Data = TypeVar("_Data")
_State = TypeVar("_State", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class NoData:
    """The data of a dialogue that keeps none."""


class Flow(Generic[_Data]):
    """A dialogue: its name in the database, its states, and the type of its data.

    The data is what a typed line needs: a frozen dataclass in which every field has a default.
    """

    def __init__(self, name: str, states: type[StrEnum], kind: type[_Data]) -> None:
        self.name, self.states = name, states
        self._defaults = kind()
        self._json = TypeAdapter(kind)

    def data(self, context: Context) -> _Data:
        """Return the data stored with the dialogue.

        In another dialogue, and if what is stored cannot be read, every field has its default.
        """
        dialogue = context.request.dialogue
        if dialogue.flow != self.name:
            return self._defaults
        try:
            return self._json.validate_python(dialogue.data)
        except ValidationError:
            log.warning("the data of a %s dialogue cannot be read and is dropped", self.name)
            context.request.dialogue = replace(dialogue, data={})
            return self._defaults

    def enter(self, context: Context, state: _State, data: _Data | None = None) -> _State:
        """Enter a state, with new data or the data that is stored already; return the state."""
        stored = None if data is None else self._json.dump_python(data, mode="json")
        context.request.enter(self.name, state, stored)
        return state

    def go_on(self, context: Context, state: Next) -> None:
        """Enter the state that a handler returned; END leaves the dialogue, None stays."""
        if state == ConversationHandler.END:
            context.request.leave()
        elif state is not None:
            context.request.enter(self.name, str(state))


class FlowHandler(ConversationHandler[Context]):
    """Handles the typed lines of a flow.

    The state is part of the update request and is saved with the handler's work. There is no
    nesting and no timeout, and nothing stays in memory between updates.
    """

    def __init__(
        self, flow: Flow[Any], lines: Iterable[tuple[StrEnum, BaseHandler[Update, Context, Any]]]
    ) -> None:
        """Handle each line in its state; buttons and commands are routed elsewhere."""
        states: dict[object, list[BaseHandler[Update, Context, Any]]] = {
            state: [] for state in flow.states
        }
        for state, handler in lines:
            states[state].append(handler)
        with warnings.catch_warnings():
            # python-telegram-bot warns about settings that only matter to its own state keeping.
            warnings.simplefilter("ignore", PTBUserWarning)
            super().__init__(entry_points=[], states=states, fallbacks=[], name=flow.name)
        self._flow = flow

    def check_update(self, update: object) -> Any:
        """Return the handler of a line in the current state, if the person is in this flow."""
        request = CURRENT_REQUEST.get(None)
        if request is None or request.dialogue.flow != self._flow.name:
            return None
        for handler in self.states.get(request.dialogue.state, []):
            check = handler.check_update(update)
            if check is not None and check is not False:
                return handler, check
        return None

    async def handle_update(
        self,
        update: Update,
        application: Application[Any, Context, Any, Any, Any, Any],
        check_result: Any,
        context: Context,
    ) -> None:
        """Run the handler and go on to the state it returns."""
        handler, check = check_result
        state = await handler.handle_update(update, application, check, context)
        self._flow.go_on(context, state)
