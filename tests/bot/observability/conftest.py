"""Fixtures for tests of logging and metrics."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import VERBOSE_LOGGERS


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
