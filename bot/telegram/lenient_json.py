"""Parses JSON from other programs; one invalid value does not make the rest unreadable."""

import json
import re
from typing import Any

import orjson

_MAX_DEPTH = 100
_MAX_DIGITS = 400
# An unterminated string is one token too: to try again from each of its quotes would take quadratic
# time.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{}]', re.DOTALL)


def read_json(payload: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; raises ValueError if it is not JSON.

    If a strict parser fails, lone surrogates and NaN are parsed as by Python's ``json``, values
    nested more than a hundred levels deep become null, and numbers of more than 400 digits become
    infinity.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return json.loads(_shallow(payload.decode(errors="replace")), parse_int=_number)


def _number(digits: str) -> float:
    """Return a number; Python refuses to parse integers of some thousand digits."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _shallow(text: str) -> str:
    """Return a JSON text with null in place of values nested too deep for a recursive parser."""
    kept, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        if token.group() in ("[", "{"):
            depth += 1
            if depth == _MAX_DEPTH + 1:
                kept += [text[start : token.start()], "null"]
        elif token.group() in ("]", "}"):
            if depth == _MAX_DEPTH + 1:
                start = token.end()
            depth -= 1
    return "".join(kept) + (text[start:] if depth <= _MAX_DEPTH else "")
