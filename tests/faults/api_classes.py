"""The fields and sample objects of the Bot API, derived from python-telegram-bot's classes."""

import inspect
import types
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import telegram
from telegram import TelegramObject

from tests.faults.odd_values import SECRET

SOME_DATE = 1_795_000_000
# Fields whose name in the library differs from Telegram's.
_WIRE_NAMES = {"from_user": "from"}
_UNION = (Union, types.UnionType)
# Objects may contain themselves. Below this depth even required ones are left out.
_MIN_DEPTH = -3


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of an object: its Bot API name, its library type, and the class it holds, if any."""

    name: str
    kind: Any
    required: bool
    holds: type[TelegramObject] | None


def fields_of(cls: type[TelegramObject]) -> dict[str, type[TelegramObject] | None]:
    """Return the fields of a class by their Bot API names, each with the class it holds or None."""
    return {field.name: field.holds for field in _fields(cls.__name__)}


def full(cls: type[TelegramObject], depth: int = 2) -> dict[str, Any]:
    """Return an object with all fields to a depth, and required fields at any depth."""
    if cls is telegram.ReactionType:
        # Each value of "type" has its own kind, and none is without one.
        return {"type": "emoji", "emoji": "👍"}
    return {
        field.name: _sample(field.kind, depth - 1)
        for field in _fields(cls.__name__)
        if _has_field(field, depth)
    }


def _has_field(field: _Field, depth: int) -> bool:
    """Return whether an object at this depth has a field."""
    return field.holds is None or depth > 0 or (field.required and depth > _MIN_DEPTH)


@cache
def _fields(name: str) -> tuple[_Field, ...]:
    """Return the fields of the library class with this name."""
    parameters = inspect.signature(getattr(telegram, name)).parameters.values()
    return tuple(_field(each) for each in parameters if each.name != "api_kwargs")


def _field(parameter: inspect.Parameter) -> _Field:
    kind, required = _resolved(parameter.annotation), parameter.default is inspect.Parameter.empty
    return _Field(
        _WIRE_NAMES.get(parameter.name, parameter.name), kind, required, _class_held(kind)
    )


def _resolved(annotation: Any) -> Any:
    """Return a type, even if only a text like ``Location | None`` names it."""
    name = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    return getattr(telegram, name.partition(" ")[0]) if isinstance(name, str) else annotation


def _class_held(kind: Any) -> type[TelegramObject] | None:
    """Return the library class that a type is or contains."""
    kind = _resolved(kind)
    if isinstance(kind, type) and issubclass(kind, TelegramObject):
        return kind
    inner = () if get_origin(kind) is Literal else get_args(kind)
    return next((found for found in map(_class_held, inner) if found), None)


def _sample(kind: Any, depth: int) -> Any:
    """Return a valid value of a type."""
    kind = _resolved(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return inner[0]
    if origin in _UNION:
        return _sample(next(each for each in inner if each is not type(None)), depth)
    if isinstance(origin, type):
        return [_sample(inner[0], depth)] if issubclass(origin, Sequence) else {}
    if isinstance(kind, type) and issubclass(kind, TelegramObject):
        return full(kind, depth)
    return {bool: True, int: 1, float: 1.5, datetime: SOME_DATE, timedelta: 10}.get(kind, SECRET)
