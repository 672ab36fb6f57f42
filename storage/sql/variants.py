"""Statements that SQLAlchemy spells once for each database, such as INSERT … ON CONFLICT."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from storage.engine.executor import Executor


class PerDatabase:
    """One statement, built once for each database: building it costs about as much as executing it."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        """Have ``build`` make the statement out of what SQLAlchemy has for a database: ``sqlalchemy.dialects.sqlite``, say."""
        self._statements = {_name(database): build(database) for database in (sqlite, postgresql)}

    def on(self, connection: Executor) -> Any:
        """Return the statement for a connection."""
        return self._statements[connection.dialect.name]


def _name(database: ModuleType) -> str:
    return database.__name__.rpartition(".")[2]
