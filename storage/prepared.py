"""Statements prepared once, to be executed with nothing between them and the driver.

SQLAlchemy writes and compiles them, and knows how each value is kept. Its way of executing one takes over ten times as long as SQLite does
for the short ones, and a tap has many of those (decision 0018).
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import StatementError
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any]


class Prepared:
    """One statement for values of these names."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.sql = str(compiled)
        self._parameters = [_Parameter.of(compiled, name, dialect) for name in compiled.positiontup or ()]
        columns = compiled._result_columns  # noqa: SLF001  (nothing else tells the types of all kinds of statements)
        self._row: Any = namedtuple("Row", [column.keyname for column in columns], rename=True) if columns else None  # noqa: PYI024
        converts = ((place, _from_column(column.type, dialect)) for place, column in enumerate(columns))
        self._converts = [(place, convert) for place, convert in converts if convert is not None]

    def given(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what the driver is given for these values; raises StatementError for one that cannot be kept."""
        try:
            return [parameter.value(values) for parameter in self._parameters]
        except (ValueError, TypeError) as error:
            raise StatementError(str(error), self.sql, None, error, hide_parameters=True) from error

    def read(self, found: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's rows with names, and with values as our code knows them."""
        if self._row is None:
            return found
        return [self._read(row) for row in found] if self._converts else [self._row._make(row) for row in found]

    def _read(self, row: Sequence[Any]) -> Any:
        """Return one of them."""
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
    known, key = _PREPARED.setdefault(statement, {}), (dialect.name, *names)
    if key not in known:
        compiled: Any = statement.compile(dialect=dialect, column_keys=[*names])  # type: ignore[attr-defined]
        known[key] = None if compiled.post_compile_params or compiled.literal_execute_params else Prepared(compiled, dialect)
    return known[key]


def _from_column(kind: Any, dialect: Dialect) -> Convert | None:
    """Return what turns a column's values into ours, None where they are the same."""
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return convert
