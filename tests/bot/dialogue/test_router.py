"""Each tap has one handler, found at once; commands, links and lines have one each."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from enum import StrEnum
from types import FrameType
from typing import Any

import pytest
from telegram import Update
from telegram.ext import BaseHandler

from bot.buttons.base import CallbackData, Cell
from bot.buttons.booking import ConfirmHold, ShowCard
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, NoData
from bot.dialogue.routes import Routes, joined
from bot.ui.command_menu import COMMANDS
from tests.kit.bot import BotHarness
from tests.kit.buttons import button_types
from tests.kit.chat import ChatUser

pytestmark = [pytest.mark.usually("sqlite"), pytest.mark.plain_wire]

STALE = "That button has expired"
SAMPLES: dict[Any, str] = {int: "1", Cell: "3kaao", date: "20261125", str: "x"}


class State(StrEnum):
    NAME = "name"


FLOW = Flow("naming", State, NoData)


@contextmanager
def counted_checks() -> Iterator[Counter[str]]:
    """Count which handlers python-telegram-bot asks whether they want an update."""
    asked: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code.co_name == "check_update":
            handler = frame.f_locals["self"]
            if isinstance(handler, BaseHandler):
                asked[type(handler).__name__] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield asked
    finally:
        sys.setprofile(before)


def data_of(kind: type[CallbackData]) -> str:
    """Return callback data of a class."""
    samples = (SAMPLES.get(field.type, "1") for field in fields(kind))  # type: ignore[arg-type]
    return ":".join([kind.tag, *samples])


async def on_tap(context: Context, tap: ConfirmHold) -> None:
    """Handle a tap."""


async def on_text(update: Update, context: Context) -> None:
    """Handle a text."""


async def test_one_handler_is_asked_about_a_tap(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    alice.person.taps_data("bs:1:1995104:0", alice.card.id)
    with counted_checks() as asked:
        await bot.settles()

    assert asked == {"ButtonRouter": 1}
    alice.card.shows("Held for you")


@pytest.mark.parametrize(("line", "most"), [("25 Nov", 12), ("/help", 9), ("what is this", 16)])
async def test_few_handlers_are_asked_about_a_typed_line(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser, line: str, most: int
) -> None:
    if line == "25 Nov":
        await alice.sends("/book")
    alice.person.sends(line)
    with counted_checks() as asked:
        await bot.settles()

    assert asked.total() <= most


@pytest.mark.parametrize("kind", button_types(), ids=lambda kind: kind.__name__)
async def test_every_button_has_a_handler(alice: ChatUser, kind: type[CallbackData]) -> None:
    await alice.sends("/start")
    await alice.taps_data(data_of(kind) if kind.tag != "go" else "go:book", alice.last.id)

    assert STALE not in (alice.toast or "")


@pytest.mark.parametrize("command", sorted(COMMANDS))
async def test_every_command_has_a_button_that_does_the_same(alice: ChatUser, command: str) -> None:
    await alice.sends(f"/{command}")
    typed = alice.last.text
    assert "I don't know that command" not in typed
    await alice.taps_data(f"go:{command}", alice.last.id)

    assert STALE not in (alice.toast or "")


async def test_a_button_of_an_unknown_command_has_expired(alice: ChatUser) -> None:
    await alice.sends("/start")
    await alice.taps_data("go:nonsense", alice.last.id)

    assert STALE in alice.toast


@pytest.mark.parametrize("link", ["/start book_dora", "/start BOOK_dora", "/start  book_DORA"])
async def test_a_deep_link_is_read_in_any_case(
    alice: ChatUser, open_hours: ChatUser, link: str
) -> None:
    await alice.sends(link)

    alice.last.shows("Dora")


@pytest.mark.parametrize("link", ["/start", "/start book", "/start nonsense_dora", "/START"])
async def test_start_without_a_known_link_greets(alice: ChatUser, link: str) -> None:
    await alice.sends(link)

    alice.last.shows("Hello Alice!")


def test_a_module_cannot_handle_the_same_thing_twice() -> None:
    routes = Routes(FLOW)
    for add in (
        lambda: routes.button(ConfirmHold)(on_tap),
        lambda: routes.command("name")(on_text),
        lambda: routes.link("name")(on_text),
        lambda: routes.line(State.NAME)(on_text),
    ):
        add()
        with pytest.raises(ValueError, match="two handlers"):
            add()


def test_two_modules_cannot_handle_the_same_button() -> None:
    one, other, third = Routes(), Routes(), Routes()
    one.button(ConfirmHold)(on_tap)
    other.button(ConfirmHold)(on_tap)
    third.command("name")(on_text)

    assert set(joined([one, third]).buttons) == {ConfirmHold}
    assert ShowCard not in joined([one]).buttons
    with pytest.raises(ValueError, match="ConfirmHold"):
        joined([one, third, other])


def test_two_modules_cannot_handle_the_same_command() -> None:
    one, other = Routes(), Routes()
    one.command("name")(on_text)
    other.command("name")(on_text)

    with pytest.raises(ValueError, match="two handlers of name"):
        joined([one, other])


def test_a_line_needs_a_flow() -> None:
    with pytest.raises(ValueError, match="needs a flow"):
        Routes().line(State.NAME)
