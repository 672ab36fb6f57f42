"""Which edits of a line deserve an answer."""

import pytest

from domain.typed_line import Line, is_first_change

TYPED = Line(1, 7, 100)


def version(checksum: int | None) -> Line:
    return Line(1, 7, checksum, edited=True)


ANSWERED = [(200, 7, [TYPED]), (200, 7, [TYPED, version(100)])]
IGNORED = [
    (100, 7, [TYPED]),
    (200, 8, [TYPED]),
    (200, None, []),
    (300, 7, [TYPED, version(200)]),
    (100, 7, [TYPED, version(200)]),
    (200, 7, [version(100)]),
    (200, 7, [Line(1, 7, None)]),
    (None, 7, [TYPED]),
]


@pytest.mark.parametrize(("checksum", "newest", "earlier"), ANSWERED)
def test_the_first_change_of_the_newest_line_is_answered(
    checksum: int, newest: int, earlier: list[Line]
) -> None:
    assert is_first_change(version(checksum), newest, earlier)


@pytest.mark.parametrize(("checksum", "newest", "earlier"), IGNORED)
def test_other_edits_are_ignored(
    checksum: int | None, newest: int | None, earlier: list[Line]
) -> None:
    assert not is_first_change(version(checksum), newest, earlier)
