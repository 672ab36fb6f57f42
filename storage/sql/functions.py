"""Functions that the databases name differently."""

from typing import Any

from sqlalchemy import Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class position(GenericFunction[int]):  # noqa: N801  (an SQL function)
    """``position(text, part)``: the 1-based index of the part, or 0 if it does not occur."""

    type = Integer()
    inherit_cache = True


@compiles(position, "sqlite")
def _instr(element: position, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _strpos(element: position, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class json_list(GenericFunction[str]):  # noqa: N801  (an SQL function)
    """``json_list(value)``: the values of all rows as one JSON array, for which one row is read.

    Without rows, it is empty on SQLite and NULL on PostgreSQL.
    """

    type = Text()
    inherit_cache = True


@compiles(json_list, "sqlite")
def _json_group_array(element: json_list, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(json_list, "postgresql")
def _json_agg(element: json_list, compiler: Any, **options: Any) -> str:
    return f"CAST(json_agg({compiler.process(element.clauses, **options)}) AS TEXT)"
