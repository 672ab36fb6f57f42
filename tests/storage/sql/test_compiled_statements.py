"""Statements that are prepared once: what cannot be kept is told as SQLAlchemy tells it, and nothing is left out in silence."""

from datetime import datetime

import pytest
from sqlalchemy import Column, Dialect, Integer, MetaData, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from storage.engine.prepared import prepared
from storage.types import Instant

SQLITE: Dialect = sqlite.dialect()
MEETING = Table(
    "meeting",
    MetaData(),
    Column("number", Integer),
    Column("begins", Instant()),
    Column("colour", Integer, default=lambda: 7),
)
NAMES = ("number", "begins", "colour")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"begins": None, "colour": 1}, "KeyError: 'number'"),
        ({"number": 1, "colour": 1}, "KeyError: 'begins'"),
        ({"number": 1, "begins": datetime(2026, 6, 1), "colour": 1}, "ValueError: .*needs a zone"),  # noqa: DTZ001  (that is the case)
        ({"number": 1, "begins": "at noon", "colour": 1}, "AttributeError: "),
    ],
)
def test_a_value_that_is_missing_or_cannot_be_kept_is_an_error_of_the_statement(
    values: dict[str, object], said: str
) -> None:
    ready = prepared(insert(MEETING), NAMES, SQLITE)

    assert ready
    with pytest.raises(StatementError, match=said):
        ready.given(values)


def test_a_default_that_python_computes_is_refused_rather_than_left_out() -> None:
    with pytest.raises(NotImplementedError, match="would be left out"):
        prepared(insert(MEETING), ("number", "begins"), SQLITE)
