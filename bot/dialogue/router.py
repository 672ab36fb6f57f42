"""Find the handler of a tap, a command or a typed line in the routes of all modules."""

from typing import Any

from telegram import Update
from telegram.constants import ChatType
from telegram.ext import BaseHandler, CommandHandler, MessageHandler

from bot.buttons.base import CallbackData, Nothing, read
from bot.buttons.people import Open
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, FlowHandler
from bot.dialogue.routes import Route, Routes


class ButtonRouter(BaseHandler[Update, Context, None]):
    """Handles every tap: reads the button once and looks up its type."""

    def __init__(self, routes: Routes) -> None:
        super().__init__(self._run)
        self._routes = routes

    def check_update(self, update: object) -> bool:
        """Return whether the update is a tap."""
        return isinstance(update, Update) and update.callback_query is not None

    async def _run(self, update: Update, context: Context) -> None:
        """Run the handler of the button, or say why there is none."""
        chat, query = update.effective_chat, update.callback_query
        choice = read(query.data) if query else None
        if chat is not None and chat.type != ChatType.PRIVATE:
            # The message was forwarded to a group.
            context.alert(context.t.plain("elsewhere.group"))
        elif isinstance(choice, Nothing):
            context.toast(context.t.plain("elsewhere.nothing"))
        elif isinstance(choice, Open) and (command := self._routes.commands.get(choice.command)):
            await command.run(context, update, context)
        elif route := self._route(choice):
            await route.run(context, context, choice)
        else:
            context.alert(context.t.plain("elsewhere.stale"))

    def _route(self, choice: CallbackData | None) -> Route | None:
        """Return the route of a button; None if it is forged or too old to be read."""
        return self._routes.buttons.get(type(choice)) if choice else None


class CommandRouter(CommandHandler[Context, None]):
    """Handles every typed command, and deep links, which Telegram sends as ``/start``."""

    def __init__(self, routes: Routes) -> None:
        super().__init__(routes.commands.keys(), self._run)
        self._routes = routes

    async def _run(self, update: Update, context: Context) -> None:
        """Run the handler of the command or link."""
        message = update.message
        if message is None:
            return
        name = message.parse_entity(message.entities[0])[1:].partition("@")[0].lower()
        link = self._link(context) if name == "start" else None
        await (link or self._routes.commands[name]).run(context, update, context)

    def _link(self, context: Context) -> Route | None:
        """Return the route of a deep link like ``join_<code>``."""
        kind, underscore, _rest = (context.args or [""])[0].partition("_")
        return self._routes.links.get(kind.lower()) if underscore else None


def flow_handlers(routes: Routes) -> list[FlowHandler]:
    """Return a handler of typed lines for each flow."""
    flows: dict[Flow[Any], list[Any]] = {}
    for (flow, state), (accepted, handler) in routes.lines.items():
        flows.setdefault(flow, []).append((state, MessageHandler(accepted, handler)))
    return [FlowHandler(flow, lines) for flow, lines in flows.items()]
