"""Compiled statements raise SQLAlchemy's errors for bad values, and omit no default silently."""

from datetime import datetime

import pytest
from sqlalchemy import Column, Dialect, Integer, MetaData, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from storage.engine.statement_cache import compiled_statement
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
    ("values", "message"),
    [
        ({"begins": None, "colour": 1}, "KeyError: 'number'"),
        ({"number": 1, "colour": 1}, "KeyError: 'begins'"),
        (
            {"number": 1, "begins": datetime(2026, 6, 1), "colour": 1},  # noqa: DTZ001
            "ValueError: .*needs a time zone",
        ),
        ({"number": 1, "begins": "at noon", "colour": 1}, "AttributeError: "),
    ],
)
def test_a_missing_or_unsupported_value_raises_a_statement_error(
    values: dict[str, object], message: str
) -> None:
    compiled = compiled_statement(insert(MEETING), NAMES, SQLITE)

    assert compiled
    with pytest.raises(StatementError, match=message):
        compiled.bind_values(values)


def test_a_default_computed_in_python_is_refused_rather_than_left_out() -> None:
    with pytest.raises(NotImplementedError, match="would be left out"):
        compiled_statement(insert(MEETING), ("number", "begins"), SQLITE)
