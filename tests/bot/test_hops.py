"""A tap passes the functions that the architecture page lists, in that order."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from tests.kit.bot import running
from tests.kit.clinic import add_provider
from tests.kit.http import PollingBot
from tests.kit.waiting import until

ROOT = Path(__file__).parent.parent.parent
SECTION = "## One update, step by step\n"

Hop = tuple[str, str]
"""A file and a function in it."""


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[PollingBot]:
    async with running(PollingBot(database_url)) as harness:
        yield harness


def documented() -> list[Hop]:
    """Return the hops on the architecture page."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    block = page.split(SECTION, maxsplit=1)[1].split("```\n", maxsplit=2)[1]
    return [
        (file, name)
        for file, names in (line.split(maxsplit=1) for line in block.splitlines())
        for name in names.split(", ")
    ]


@contextmanager
def recorded_calls() -> Iterator[list[Hop]]:
    """Record the calls of the project's functions in a block, and resumptions of coroutines."""
    calls: list[Hop] = []

    def record(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            calls.append((path.relative_to(ROOT).as_posix(), frame.f_code.co_qualname))

    sys.setprofile(record)
    try:
        yield calls
    finally:
        sys.setprofile(None)


async def test_a_tap_on_confirm_passes_the_documented_functions_in_order(bot: PollingBot) -> None:
    await add_provider(bot)
    alice = bot.joins("Alice")
    await alice.holds("09:15")
    with recorded_calls() as calls:
        alice.person.taps("✅ Confirm")
        await until(lambda: alice.card.text.startswith("✅ Booked"))
        await bot.app.replies.idle()

    following = iter(calls)
    assert [hop for hop in documented() if hop not in following] == []
