"""JSON from other programs: one invalid value does not make the rest unreadable."""

import math

import pytest

from bot.telegram.lenient_json import read_json


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"a": [1, "b"]}', {"a": [1, "b"]}),
        (b'{"a": "\\ud83d"}', {"a": "\ud83d"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 1%s}' % (b"0" * 30), {"a": 1e30}),
        (b'{"a": 1%s}' % (b"0" * 5000), {"a": math.inf}),
        (b'{"a": Infinity}', {"a": math.inf}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
    ],
)
def test_values_are_parsed(payload: bytes, value: object) -> None:
    assert read_json(payload) == value


@pytest.mark.parametrize("levels", [99, 500, 2_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"x":', "}")])
def test_values_nested_too_deep_leave_the_rest_readable(
    levels: int, opening: str, closing: str
) -> None:
    inner = "1" if opening != "[" else ""
    deep = opening * levels + inner + closing * levels
    value = read_json(f'{{"before": "[[{{", "deep": {deep}, "after": "]}}\\""}}'.encode())

    assert (value["before"], value["after"]) == ("[[{", ']}"')
    assert isinstance(value["deep"], list | dict)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[" * 500_000,
        b"<html>",
        b'{"a": ' * 5_000,
        b"\xff",
        b'{"a": 1} {',
        b"]" * 300,
        b'{"a": "' + b'\\"' * 500_000,
    ],
)
def test_invalid_json_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(payload)
