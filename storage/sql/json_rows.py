"""Several rows as one parameter: JSON, which each database takes apart itself. A parameter for each value costs several times as much."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, Text, bindparam, column, func, select, true
from sqlalchemy.dialects import postgresql

from storage.engine.executor import Executor
from storage.types import Instant

_INSTANT = Instant()


def rows_given(db: object, *columns: Column[Any]) -> Select[Any]:
    """Return a query for the rows in the parameter ``rows``, with these columns; see ``storage.sql.variants``."""
    return _by_postgresql(columns) if db is postgresql else _by_sqlite(columns)


def given(connection: Executor, rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Return rows as the parameter of such a query."""

    def stored(moment: datetime) -> object:
        """Return what JSON has no form for, an instant, as the database takes it."""
        kept = _INSTANT.process_bind_param(moment, connection.dialect)
        return kept.isoformat() if isinstance(kept, datetime) else kept

    return {"rows": json.dumps([*rows], default=stored)}


def _by_sqlite(columns: Sequence[Column[Any]]) -> Select[Any]:
    row = func.json_each(bindparam("rows", type_=Text())).table_valued("value")
    # An ON CONFLICT behind a query has to be told from the ON of a join.
    return select(
        *(
            func.json_extract(row.c.value, f"$.{each.name}", type_=each.type).label(each.name)
            for each in columns
        )
    ).where(true())


def _by_postgresql(columns: Sequence[Column[Any]]) -> Select[Any]:
    rows = func.json_to_recordset(func.cast(bindparam("rows", type_=Text()), postgresql.JSON))
    return select(
        rows.table_valued(*(column(each.name, each.type) for each in columns)).render_derived(
            with_types=True
        )
    )
