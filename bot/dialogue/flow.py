"""Dialogues whose state is stored, and handlers of taps."""

import warnings
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from telegram import Update
from telegram.ext import Application, BaseHandler, CallbackQueryHandler, ConversationHandler
from telegram.warnings import PTBUserWarning

from bot.buttons import CallbackData
from bot.dialogue.context import Context
from bot.dialogue.request import CURRENT_REQUEST
from domain.operations.dialogue import Dialogue

_Result = TypeVar("_Result")
_Handlers = list[BaseHandler[Update, Context, Any]]


class Flow(ConversationHandler[Context]):
    """A dialogue whose state is part of the update request and is saved with the handler's work.

    Buttons and commands are entry points and work in any state; states read typed text.
    There is no nesting and no timeout, and nothing stays in memory between updates.
    """

    def __init__(self, name: str, entry_points: _Handlers, states: dict[object, _Handlers]) -> None:
        with warnings.catch_warnings():
            # python-telegram-bot warns that taps are not tracked by message. They need not be:
            # a button carries its whole choice.
            warnings.simplefilter("ignore", PTBUserWarning)
            super().__init__(
                entry_points=entry_points,
                states=states,
                fallbacks=[],
                allow_reentry=True,
                name=name,
            )

    def check_update(self, update: object) -> Any:
        """Return the handler of an update: an entry point first, then one of the current state."""
        request = CURRENT_REQUEST.get(None)
        if request is None or not isinstance(update, Update):
            return None
        typed = (
            self.states.get(request.dialogue.state, [])
            if request.dialogue.flow == self.name
            else []
        )
        for handler in (*self.entry_points, *typed):
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
        """Run the handler and enter the state it returns; END leaves the dialogue, None stays."""
        handler, check = check_result
        state = await handler.handle_update(update, application, check, context)
        if state == self.END:
            context.request.leave()
        elif state is not None:
            context.request.enter(str(self.name), state)


class Tap(CallbackQueryHandler[Context, None]):
    """Handles taps on buttons of one type; the handler reads the choice with ``context.tap``."""

    def __init__(
        self, kind: type[CallbackData], callback: Any, *, only: CallbackData | None = None
    ) -> None:
        """Handle all buttons of a type, or ``only`` those with one choice."""
        self._kind = kind
        self._only = only
        super().__init__(callback)

    def check_update(self, update: object) -> Any:
        """Return the choice of the tapped button if it is of this type."""
        query = update.callback_query if isinstance(update, Update) else None
        choice = self._kind.read(query.data) if query else None
        return choice if self._only in {None, choice} else None

    def collect_additional_context(
        self,
        context: Context,
        update: Update,  # noqa: ARG002  (the library's own signature)
        application: Any,  # noqa: ARG002
        check_result: Any,
    ) -> None:
        """Give the handler the choice."""
        context.choice = check_result


def keeps_dialogue(
    handler: Callable[[Update, Context], Awaitable[_Result]], flow: str | None = None
) -> Callable[[Update, Context], Awaitable[_Result | None]]:
    """Return a handler of taps during which a dialogue other than ``flow`` stays as it is.

    If the tapped message is the card of that dialogue, the dialogue ends: its card now shows
    something else.
    """

    @wraps(handler)
    async def handled(update: Update, context: Context) -> _Result | None:
        request = context.request
        before, tapped = request.dialogue, request.tapped
        result = await handler(update, context)
        if before.flow not in {None, flow} and before.card_message_id != tapped:
            request.dialogue = before
            return None
        if flow is None:
            request.dialogue = Dialogue()
        return result

    return handled
