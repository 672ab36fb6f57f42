"""Every type of button."""

import importlib
import pkgutil

import bot.buttons
from bot.buttons.base import CallbackData


def button_types() -> list[type[CallbackData]]:
    """Return the classes of callback data of all modules, by tag."""
    found = {
        kind
        for module in pkgutil.iter_modules(bot.buttons.__path__, "bot.buttons.")
        for kind in vars(importlib.import_module(module.name)).values()
        if isinstance(kind, type) and issubclass(kind, CallbackData) and kind is not CallbackData
    }
    return sorted(found, key=lambda kind: kind.tag)
