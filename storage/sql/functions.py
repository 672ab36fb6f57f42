"""The position of a text in another, which the databases name differently."""

from typing import Any

from sqlalchemy import Integer
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
