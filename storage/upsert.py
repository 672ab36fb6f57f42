"""INSERT … ON CONFLICT, which SQLAlchemy spells once for each database."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = sqlite.Insert | postgresql.Insert


class Upsert:
    """One statement, built once for each database: building it costs about as much as executing it."""

    def __init__(self, table: Table, build: Callable[[Any], Executable]) -> None:
        """Have ``build`` add the ON CONFLICT clause, and all else, to an INSERT into the table."""
        self._statements = {"sqlite": build(sqlite.insert(table)), "postgresql": build(postgresql.insert(table))}

    def on(self, connection: AsyncConnection) -> Executable:
        """Return the statement for a connection."""
        return self._statements[connection.dialect.name]
