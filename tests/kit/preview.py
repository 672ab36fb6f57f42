"""Every screen of the bot in every state, as examples that tests check and ``make preview`` draws.

Each feature lists its own in a ``previews.py`` beside its tests.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import bot
from bot.dialogue.context import Context
from bot.messages.screen import Screen
from bot.ui.locale import UserLocale

PACKAGES = (
    "bot.features.account",
    "bot.features.invite",
    "bot.features.booking",
    "bot.features.reservations",
    "bot.features.hours",
    "bot.features.agenda",
    "bot.notifications",
    "bot.ui",
)


@dataclass(frozen=True, slots=True)
class Preview:
    """One screen in one state. ``of`` is the function that makes it, as `module.function`."""

    of: str
    state: str
    screen: Callable[[UserLocale], Screen]


class Previews:
    """The previews of one package, in the order they are drawn."""

    def __init__(self) -> None:
        self.all: list[Preview] = []

    def add(
        self, function: Callable[..., Screen], **states: Callable[[UserLocale], Screen]
    ) -> None:
        """Add a screen's states; an underscore in a state's name reads as a space."""
        of = f"{function.__module__}.{function.__name__}"
        self.all += [
            Preview(of, state.replace("_", " "), screen) for state, screen in states.items()
        ]


def previews_of(package: str) -> list[Preview]:
    """Return a package's previews."""
    module = importlib.import_module(f"tests.{package}.previews")
    found: Previews = module.PREVIEWS
    return found.all


def every_preview() -> list[Preview]:
    """Return the previews of all packages."""
    return [preview for package in PACKAGES for preview in previews_of(package)]


def screen_functions() -> Iterator[str]:
    """Yield the name of each public function that makes a screen from plain values."""
    for found in pkgutil.walk_packages(bot.__path__, "bot."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == found.name and _makes_screen(name, function):
                yield f"{found.name}.{name}"


def _makes_screen(name: str, function: Callable[..., object]) -> bool:
    """Return whether a function is public and makes a screen from plain values only."""
    signature = inspect.signature(function)
    annotations = {parameter.annotation for parameter in signature.parameters.values()}
    public = not name.startswith("_")
    return public and signature.return_annotation is Screen and not annotations & {Screen, Context}
