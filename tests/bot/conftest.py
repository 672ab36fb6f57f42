"""A bot for each test, and the people who use it."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from bot.logs import VERBOSE_LOGGERS
from tests.kit.bot import ADMIN_ID, BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.odd_events import OddEvents
from tests.kit.sampling import SEED


@pytest.fixture
async def bot(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[BotHarness]:
    """Return a running bot; fail if Telegram refused a call that no ``refuses`` mark allows.

    A dialogue test gets odd events at random, unless it has the mark ``plain_wire``.
    ``@pytest.mark.refuses("message to edit not found")`` allows Telegram to refuse a call so.
    """
    harness = BotHarness(database_url)
    if request.path.name.endswith("_dialogue.py") and not request.node.get_closest_marker(
        "plain_wire"
    ):
        harness.odd_events = OddEvents(harness.simulator, f"{SEED} {request.node.nodeid}")
        request.node.add_report_section("call", "oddities", f"repeat with TEST_SEED={SEED}")
    async with running(harness, _allowed_refusals(request)):
        yield harness


def _allowed_refusals(request: pytest.FixtureRequest) -> list[str]:
    """Return the parts of refusals that the marks of a test allow."""
    return [part for mark in request.node.iter_markers("refuses") for part in mark.args]


@pytest.fixture
async def impatient_bot(
    database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[BotHarness]:
    """Return a running bot with short timeouts, for tests in which calls to Telegram fail."""
    harness = BotHarness(database_url, read_timeout=0.3)
    async with running(harness, _allowed_refusals(request)):
        yield harness


@pytest.fixture
def admin(bot: BotHarness) -> ChatUser:
    """Return the admin."""
    return bot.joins("Ada", id=ADMIN_ID)


@pytest.fixture
async def provider(bot: BotHarness) -> ChatUser:
    """Return a provider in Berlin without open hours, written to the database directly."""
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
