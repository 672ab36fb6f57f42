"""A town for each test, and a venue in it where a provider has posted hours."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from bot.logs import VERBOSE_LOGGERS
from tests.kit.bot import ADMIN_ID, BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.odd_events import Oddities
from tests.kit.sampling import PROFILE, SEED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a dialogue that has many cases, play all on SQLite, and the first on each other database.

    What differs between databases differs in what is asked of them, and every case asks the same.
    """
    if PROFILE.full:
        return
    seen: set[tuple[str, str]] = set()
    surplus = [
        item for item in items if "tests/bot/" in item.nodeid and _is_another_case(item, seen)
    ]
    config.hook.pytest_deselected(items=surplus)
    left_out = set(map(id, surplus))
    items[:] = [item for item in items if id(item) not in left_out]


def _is_another_case(item: pytest.Item, seen: set[tuple[str, str]]) -> bool:
    """Tell whether a test has had its case on this database, if that is not SQLite."""
    case = getattr(item, "callspec", None)
    chosen = item.get_closest_marker("engines") is not None
    engine = str(case.params.get("engine", "sqlite")) if case and not chosen else "sqlite"
    key = (item.nodeid.partition("[")[0], engine)
    if engine == "sqlite" or key not in seen:
        seen.add(key)
        return False
    return True


@pytest.fixture
async def bot(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[BotHarness]:
    """Return a town whose bot nobody has written to; at the end Telegram must have refused nothing.

    In a dialogue test it meets oddities by lot, unless the test is marked ``@pytest.mark.plain_wire``.
    """
    place = BotHarness(database_url)
    if request.path.name.endswith("_dialogue.py") and not request.node.get_closest_marker(
        "plain_wire"
    ):
        place.oddities = Oddities(place.simulator, f"{SEED} {request.node.nodeid}")
        request.node.add_report_section("call", "oddities", f"repeat with TEST_SEED={SEED}")
    async with running(place):
        yield place


@pytest.fixture
async def impatient_bot(
    database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[BotHarness]:
    """Return a town where the wire may fail: Telegram is waited for no longer than a moment.

    It may refuse nothing but what a test is marked to have refused: ``@pytest.mark.refuses("message to edit not found")``.
    """
    meant = [part for mark in request.node.iter_markers("refuses") for part in mark.args]
    async with running(BotHarness(database_url, patience=0.3), meant) as place:
        yield place


@pytest.fixture
def admin(bot: BotHarness) -> ChatUser:
    """Return the admin."""
    return bot.joins("Ada", id=ADMIN_ID)


@pytest.fixture
async def provider(bot: BotHarness) -> ChatUser:
    """Return a provider in Berlin who has posted nothing. He stands in the database: how one joins by chat has tests of its own."""
    return await add_provider(bot, days=(), zone="Europe/Berlin")


@pytest.fixture
async def open_hours(bot: BotHarness) -> ChatUser:
    """Return a provider in Berlin who works on Wednesday 25 November 2026 from 9:00 to 12:00."""
    return await add_provider(bot, zone="Europe/Berlin")


@pytest.fixture
async def alice(bot: BotHarness) -> ChatUser:
    """Return a client."""
    return bot.joins("Alice")


@pytest.fixture
async def bob(bot: BotHarness) -> ChatUser:
    """Return another client."""
    return bot.joins("Bob")


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Restore the logging configuration after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in VERBOSE_LOGGERS}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
