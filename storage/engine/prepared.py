"""Statements prepared once, to be executed with nothing between them and the driver.

SQLAlchemy writes and compiles them, and knows how each value is kept. Its way of executing one takes over ten times as long as SQLite does
for the short ones, and a tap has many of those (decision 0018).
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import StatementError
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement for values of these names."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise NotImplementedError(
                f"a default that Python computes would be left out: {compiled}"
            )
        self.sql = str(compiled)
        self.in_thread = "in_thread" in compiled.execution_options
        self._names = compiled.positiontup or []
        bound = {name: compiled.binds[name] for name in self._names}
        self._kept = {
            name: convert
            for name, each in bound.items()
            if (convert := each.type.dialect_impl(dialect).bind_processor(dialect))
        }
        self._always = {
            name: compiled.params[name] for name, each in bound.items() if not each.required
        }
        columns = compiled._result_columns  # noqa: SLF001  (nothing else tells the types of all kinds of statements)
        self._row: Any = (
            namedtuple("Row", [column.keyname for column in columns], rename=True)  # noqa: PYI024
            if columns
            else None
        )
        converts = [
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        ]
        self._converts = [(place, convert) for place, convert in converts if convert is not None]

    def given(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what the driver is given for these values; raises StatementError for one that is missing or cannot be kept."""
        every = {**self._always, **values}
        try:
            for name, convert in self._kept.items():
                every[name] = convert(every[name])
            return [every[name] for name in self._names]
        except Exception as error:
            raise StatementError(
                f"{type(error).__name__}: {error}", self.sql, None, error, hide_parameters=True
            ) from error

    def read(self, found: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's rows with names, and with values as our code knows them."""
        if self._row is None:
            return found
        return (
            [self._read(row) for row in found]
            if self._converts
            else [self._row._make(row) for row in found]
        )

    def _read(self, row: Sequence[Any]) -> Any:
        """Return one of them."""
        values = list(row)
        for place, convert in self._converts:
            values[place] = convert(values[place])
        return self._row._make(values)


_PREPARED: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared | None]] = (
    WeakKeyDictionary()
)


def prepared(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
    """Return a statement prepared for values of these names, None where its text depends on the values themselves."""
    known, key = _PREPARED.setdefault(statement, {}), (dialect.name, *names)
    if key not in known:
        compiled: Any = statement.compile(dialect=dialect, column_keys=[*names])  # type: ignore[attr-defined]
        known[key] = (
            None
            if compiled.post_compile_params or compiled.literal_execute_params
            else Prepared(compiled, dialect)
        )
    return known[key]
