"""Statements, compiled once for all engines of a process."""

from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

# As many as SQLAlchemy keeps for a single engine.
_KEPT = 500


class CompiledStatements(LRUCache[Any, Any]):
    """What SQLAlchemy keeps per engine, kept per kind of database: the engines of one kind differ in nothing that is compiled."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what a statement was compiled to, whichever engine had it compiled."""
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_of_any_engine(key), compiled)


def compiled_once(engine: Engine) -> None:
    """Have an engine take what other engines had compiled: it costs more than most statements themselves."""
    engine.update_execution_options(compiled_cache=_COMPILED)


def _of_any_engine(key: Any) -> Any:
    dialect, *statement = key
    return (type(dialect), *statement)


_COMPILED = CompiledStatements(_KEPT)
