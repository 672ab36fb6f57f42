"""Read JSON that other programs sent. One odd value in it must not make all of it unreadable."""

import json
import re
from typing import Any

import orjson

_DEEPEST = 100
_MOST_DIGITS = 400
# A string that does not end is one token too: if it were tried again from each of its quotes, that would take quadratic time.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{}]', re.DOTALL)


def read_json(payload: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; raises ValueError where it is none.

    Where a strict reader fails, half of a surrogate pair and NaN are read as Python's own module reads them, what is nested more than a
    hundred levels deep becomes null, and a number of more than 400 digits infinite.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return json.loads(_shallow(payload.decode(errors="replace")), parse_int=_number)


def _number(digits: str) -> float:
    """Return a number; Python refuses to read an integer of some thousand digits."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _shallow(text: str) -> str:
    """Return a JSON text with null in place of what is nested too deep for a recursive reader."""
    kept, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        if token.group() in ("[", "{"):
            depth += 1
            if depth == _DEEPEST + 1:
                kept += [text[start : token.start()], "null"]
        elif token.group() in ("]", "}"):
            if depth == _DEEPEST + 1:
                start = token.end()
            depth -= 1
    return "".join(kept) + (text[start:] if depth <= _DEEPEST else "")
