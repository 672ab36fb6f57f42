"""Cache compiled statements, so that they can be executed directly on the driver.

SQLAlchemy compiles the statements and converts the values. For short statements its own execution
takes over ten times as long as SQLite itself, and one tap executes many (decision 0018).
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Dialect, Executable
from sqlalchemy.exc import StatementError
from sqlalchemy.sql.compiler import SQLCompiler


class CompiledStatement:
    """The compiled form of a statement for one set of parameter names."""

    def __init__(
        self, compiled: SQLCompiler, columns: Sequence[ColumnElement[Any]], dialect: Dialect
    ) -> None:
        """Prepare the conversion of parameters and of these result columns.

        Raises:
            NotImplementedError: the statement has a default computed in Python.
        """
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise NotImplementedError(f"a default computed in Python would be left out: {compiled}")
        self.sql = str(compiled)
        self.in_thread = "in_thread" in compiled.execution_options
        self._names = compiled.positiontup or []
        binds = {name: compiled.binds[name] for name in self._names}
        self._bind_converters = {
            name: convert
            for name, each in binds.items()
            if (convert := each.type.dialect_impl(dialect).bind_processor(dialect))
        }
        self._defaults = {
            name: compiled.params[name] for name, each in binds.items() if not each.required
        }
        # An expression without a label has no name. It is read by position.
        self._row: Any = (
            namedtuple("Row", [column.key or "" for column in columns], rename=True)  # noqa: PYI024
            if columns
            else None
        )
        converters = [
            (index, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for index, column in enumerate(columns)
        ]
        self._converters = [
            (index, convert) for index, convert in converters if convert is not None
        ]

    def bind_values(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the driver's positional parameters for these values.

        Raises:
            StatementError: a value is missing or cannot be converted.
        """
        bound = {**self._defaults, **values}
        try:
            for name, convert in self._bind_converters.items():
                bound[name] = convert(bound[name])
            return [bound[name] for name in self._names]
        except Exception as error:
            raise StatementError(
                f"{type(error).__name__}: {error}", self.sql, None, error, hide_parameters=True
            ) from error

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's rows as named tuples of converted values."""
        if self._row is None:
            return rows
        return (
            [self._read(row) for row in rows]
            if self._converters
            else [self._row._make(row) for row in rows]
        )

    def _read(self, row: Sequence[Any]) -> Any:
        """Return one row as a named tuple of converted values."""
        values = list(row)
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return self._row._make(values)


_CACHE: WeakKeyDictionary[Executable, dict[tuple[str, ...], CompiledStatement | None]] = (
    WeakKeyDictionary()
)


def compiled_statement(
    statement: Executable, names: tuple[str, ...], dialect: Dialect
) -> CompiledStatement | None:
    """Return a statement compiled for these parameter names.

    Return None if its SQL text depends on the values themselves.
    """
    statements, key = _CACHE.setdefault(statement, {}), (dialect.name, *names)
    if key not in statements:
        compiled: Any = statement.compile(dialect=dialect, column_keys=[*names])  # type: ignore[attr-defined]
        statements[key] = (
            None
            if compiled.post_compile_params or compiled.literal_execute_params
            else CompiledStatement(compiled, [*getattr(statement, "exported_columns", ())], dialect)
        )
    return statements[key]
