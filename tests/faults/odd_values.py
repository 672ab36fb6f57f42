"""Invalid values as JSON text; some of them cannot be produced from Python values."""

import json

SECRET = "Zwiebelmuster"
"""Part of each text of an odd update, so that logs can be searched for it."""

MAX_TEXT_LENGTH = 100_000


def _nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


WRONG = {
    "null": "null",
    "empty text": '""',
    "empty list": "[]",
    "empty object": "{}",
    "digits as text": '"7"',
    "text": json.dumps(SECRET),
    "int": "7",
    "float": "1.5",
    "true": "true",
    "false": "false",
    "list": f'["{SECRET}"]',
    "object": f'{{"id": "{SECRET}"}}',
    "list of null": "[null]",
    "list of objects": "[{}]",
    "list of lists": "[[]]",
}
"""Values that are empty or of the wrong type."""

EXTREME = {
    "zero": "0",
    "minus one": "-1",
    "2**31": str(2**31),
    "2**52": str(2**52),
    "2**63-1": str(2**63 - 1),
    "2**63": str(2**63),
    "-2**63-1": str(-(2**63) - 1),
    "10**30": str(10**30),
    "1e308": "1e308",
    "-1e308": "-1e308",
    "1e999": "1e999",
    "long text": json.dumps(SECRET.ljust(MAX_TEXT_LENGTH, "x")),
    "white space": '" \\t\\n "',
    "NUL": f'"{SECRET}\\u0000"',
    "half a character": f'"{SECRET}\\ud83d"',
    "halves in the wrong order": f'"\\ude00\\ud83d{SECRET}"',
    "turned round": f'"\\u202e\\u200f{SECRET}\\u2066"',
    "lists 200 deep": _nested(200, "[", "]"),
    "objects 200 deep": _nested(200, '{"id":', "}"),
}
"""Values of the right type that are larger, longer or stranger than any real one."""

UNREADABLE = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "5,000 digits": "9" * 5_000,
    "lists 2,000 deep": _nested(2_000, "[", "]"),
    "objects 2,000 deep": _nested(2_000, '{"id":', "}"),
    "no UTF-8": '"\udcff\udcfe"',
}
"""Values that some JSON parsers reject; the last is encoded with ``surrogateescape``."""

VALUES = WRONG | EXTREME | UNREADABLE
