"""ConversationHandler whose state is the unit's, so that it is loaded before the handlers and saved with their work."""

import warnings
from typing import Any

from telegram import Update
from telegram.ext import Application, BaseHandler, CallbackQueryHandler, ConversationHandler
from telegram.warnings import PTBUserWarning

from bot.buttons import Callback
from bot.dialogue.context import Context
from bot.dialogue.request import CURRENT_REQUEST

_Handlers = list[BaseHandler[Update, Context, Any]]


class Flow(ConversationHandler[Context]):
    """A dialogue. Its buttons and commands are entry points, which work whatever state anybody is in; its states read typed text.

    No nesting, no timeout, nothing that would outlive an update in memory.
    """

    def __init__(self, name: str, entry_points: _Handlers, states: dict[object, _Handlers]) -> None:
        with warnings.catch_warnings():
            # It warns that taps are not tracked by message: our buttons carry their whole choice, so nothing has to be.
            warnings.simplefilter("ignore", PTBUserWarning)
            super().__init__(
                entry_points=entry_points,
                states=states,
                fallbacks=[],
                allow_reentry=True,
                name=name,
            )

    def check_update(self, update: object) -> Any:
        """Find the handler for an update: an entry point first, then one of the state the person is in."""
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
        """Run the handler, and take the place it names: a state, END for none, or None to stay."""
        handler, check = check_result
        state = await handler.handle_update(update, application, check, context)
        if state == self.END:
            context.request.leave()
        elif state is not None:
            context.request.stand(str(self.name), state)


class Tap(CallbackQueryHandler[Context, None]):
    """Handles the taps on buttons of one kind; the handler finds the button's choice with ``context.tap``."""

    def __init__(
        self, kind: type[Callback], callback: Any, *, only: Callback | None = None
    ) -> None:
        """Handle a kind, or ``only`` one choice of it."""
        self._kind = kind
        self._only = only
        super().__init__(callback)

    def check_update(self, update: object) -> Any:
        """Return the choice of the tapped button where it is of this kind."""
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
        """Hand the choice over."""
        context.choice = check_result
