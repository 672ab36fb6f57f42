"""Statements that SQLAlchemy builds differently for each database, like INSERT … ON CONFLICT."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from storage.engine.executor import Executor


class PerDialect:
    """A statement built once for each dialect: building it costs about as much as executing it."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        """Build the statement from each dialect module, like ``sqlalchemy.dialects.sqlite``."""
        self._statements = {_name(dialect): build(dialect) for dialect in (sqlite, postgresql)}

    def on(self, connection: Executor) -> Any:
        """Return the statement for a connection's dialect."""
        return self._statements[connection.dialect.name]


def _name(dialect: ModuleType) -> str:
    return dialect.__name__.rpartition(".")[2]
