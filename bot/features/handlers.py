"""The handlers of all features, in the order in which python-telegram-bot asks them."""

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler

from bot.dialogue.context import Context
from bot.dialogue.router import ButtonRouter, CommandRouter, flow_handlers
from bot.dialogue.routes import joined
from bot.features.account import joining, link, provider_zone, settings, start
from bot.features.agenda import conversation as agenda
from bot.features.booking import conversation as booking
from bot.features.fallback.handlers import first_handlers, last_handlers
from bot.features.hours import open_hours, tapped, typed_hours
from bot.features.invite import invite, removal
from bot.features.reservations import booking_list, card_buttons

_MODULES = (
    agenda,
    booking,
    booking_list,
    card_buttons,
    invite,
    joining,
    link,
    open_hours,
    provider_zone,
    removal,
    settings,
    start,
    tapped,
    typed_hours,
)


def all_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers; raises ValueError if two features handle the same thing."""
    routes = joined(module.routes for module in _MODULES)
    return [
        ButtonRouter(routes),
        *first_handlers(),
        CommandRouter(routes),
        *flow_handlers(routes),
        *last_handlers(),
    ]
