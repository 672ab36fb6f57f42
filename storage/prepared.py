"""Statements prepared once for SQLite, and executed with nothing between them and the driver.

SQLAlchemy writes and compiles them, and knows how each value is kept. Its way of executing one takes over ten times as long as SQLite does
for the short ones, and that of each of a tap's many (decision 0018).
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler

from storage.at_once import as_sqlalchemy

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a statement gave: its rows, which have names, and how many it wrote."""

    rows: Sequence[Any]
    rowcount: int

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def first(self) -> Any:
        """Return the first row, None where there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """Return the only row; raises NoResultFound, MultipleResultsFound."""
        if not self.rows:
            raise NoResultFound("there is no row")
        return self.one_or_none()

    def one_or_none(self) -> Any:
        """Return the only row, None where there is none; raises MultipleResultsFound."""
        if len(self.rows) > 1:
            raise MultipleResultsFound(f"there are {len(self.rows)} rows")
        return self.first()

    def scalar(self) -> Any:
        """Return the first value of the first row, None where there is none."""
        return self.rows[0][0] if self.rows else None


class Prepared:
    """One statement for values of these names."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self._sql = str(compiled)
        self._dialect = dialect
        self._parameters = [_Parameter.of(compiled, name, dialect) for name in compiled.positiontup or ()]
        columns = compiled._result_columns  # noqa: SLF001  (nothing else tells the types of all kinds of statements)
        self._row: Any = namedtuple("Row", [column.keyname for column in columns], rename=True) if columns else None  # noqa: PYI024
        converts = ((place, _from_column(column.type, dialect)) for place, column in enumerate(columns))
        self._converts = [(place, convert) for place, convert in converts if convert is not None]

    def execute(self, raw: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> Fetched:
        """Execute it once for each row of values; raises what SQLAlchemy would."""
        cursor, found, count = raw.cursor(), [], 0
        for values in rows:
            try:
                cursor.execute(self._sql, [parameter.value(values) for parameter in self._parameters])
                found += cursor.fetchall()
            except Exception as error:
                raise as_sqlalchemy(error, self._sql, self._dialect) from error
            count += cursor.rowcount
        return Fetched([self._read(row) for row in found] if self._row else found, count)

    def _read(self, row: tuple[Any, ...]) -> Any:
        """Return a row of the driver's with names, and its values as our code knows them."""
        if not self._converts:
            return self._row._make(row)
        values = list(row)
        for place, convert in self._converts:
            values[place] = convert(values[place])
        return self._row._make(values)


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter of a statement: what is given by name, or always the same, and how it is kept."""

    name: str
    always: Any
    is_given: bool
    convert: Convert | None

    @classmethod
    def of(cls, compiled: SQLCompiler, name: str, dialect: Dialect) -> "_Parameter":
        """Return a statement's parameter of this name."""
        bound = compiled.binds[name]
        convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
        if bound.required:
            return cls(name, None, is_given=True, convert=convert)
        value = compiled.params[name]
        return cls(name, convert(value) if convert else value, is_given=False, convert=None)

    def value(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver is given."""
        if not self.is_given:
            return self.always
        value = values[self.name]
        return self.convert(value) if self.convert else value


_PREPARED: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared | None]] = WeakKeyDictionary()


def prepared(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Prepared | None:
    """Return a statement prepared for values of these names, None where its text depends on the values themselves."""
    known = _PREPARED.setdefault(statement, {})
    if names not in known:
        compiled: Any = statement.compile(dialect=dialect, column_keys=[*names])  # type: ignore[attr-defined]
        known[names] = None if compiled.post_compile_params or compiled.literal_execute_params else Prepared(compiled, dialect)
    return known[names]


def _from_column(kind: Any, dialect: Dialect) -> Convert | None:
    """Return what turns a column's values into ours, None where they are the same."""
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return convert
