"""Callback data round-trips, fits Telegram's limit, and forged data parses to nothing."""

from dataclasses import dataclass, fields
from datetime import date
from itertools import product
from types import UnionType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.buttons.base import CallbackData, Cell, Mark, Nothing, read
from bot.buttons.booking import ConfirmHold, PickSlot, ShowCard
from bot.buttons.people import ChooseZone
from tests.kit.bot import BotHarness
from tests.kit.buttons import button_types
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.raw_database import rows

KINDS = button_types()
LARGEST, LAST_CELL = 2**52, 3 * 2**23
LAST_QUARTER = 2**23
# The longest names of zones, languages, commands and the like that a button carries.
WORDS = ["America/Argentina/ComodRivadavia", "de", "bookings", "ask", ""]
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, LARGEST),
    Cell: st.integers(0, LAST_CELL),
    str: st.sampled_from(WORDS),
    Mark: st.sampled_from(["a", "k", "c0f3a99c1"]),
    date: st.dates(date(2000, 1, 1), date(2199, 12, 31)),
}


def values(of: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a field."""
    return st.none() | st.integers(1, LARGEST) if isinstance(of, UnionType) else VALUES[of]


def choices(kind: type[CallbackData]) -> st.SearchStrategy[CallbackData]:
    """Return a strategy for callback data of a class, up to its largest values."""
    types = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    return st.builds(kind, **{name: values(of) for name, of in types.items()})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_class_round_trips_and_fits(kind: type[CallbackData]) -> None:
    @given(choices(kind))
    def round_trips(choice: CallbackData) -> None:
        data = choice.pack()
        assert len(data.encode()) <= 64
        assert read(data) == choice

    round_trips()


def test_all_classes_have_different_tags() -> None:
    assert len(KINDS) > 30
    assert len({kind.tag for kind in KINDS}) == len(KINDS)


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            [
                *(tag for kind in KINDS for tag in (kind.tag, kind.old_tag)),
                *("1", "-1", "20261125", "x", "", "\ud800", "\x00"),
            ]
        ),
        max_size=6,
    ).map(":".join)
)
@example("")
@example(":" * 63)
@example("\ud800")
def test_reading_never_raises_and_what_is_read_packs_again(data: str) -> None:
    choice = read(data)
    assert choice is None or read(choice.pack()) == choice


@pytest.mark.parametrize(
    "number",
    [
        "-1",
        "+1",
        "1.0",
        "1e3",
        "",
        " 1",
        "1 ",
        "٣",
        "１",
        "0x1",
        "1_0",
        str(LARGEST + 1),
        "9" * 50,
        "None",
    ],
)
def test_a_forged_number_is_not_read(number: str) -> None:
    assert read(f"rc:{number}") is None


@pytest.mark.parametrize(
    "day",
    [
        "20261301",
        "20260230",
        "2026-11-25",
        "2026W011",
        "261125",
        "00010101",
        "19991231",
        "22000101",
        "99991231",
        "",
        "٢٠٢٦١١٢٥",
    ],
)
def test_a_wrong_day_is_not_read(day: str) -> None:
    assert read(f"hd:{day}") is None


@pytest.mark.parametrize(
    "data",
    [
        *(None, 5, b"n", "n:", "n:1", "N", "n" * 65),
        *("bs:1", "bs:1:2:3:4", f"bs:1:{LAST_QUARTER + 1}:0", "bs:1:z:0"),
        *("bt:1", "bt:1:2:3:4", "bt:1:eze2p:0"),
        *("sz:\ud800", "sz:Europe/\x00", "sz:" + "ü" * 40, "jt:\udfff"),
    ],
)
def test_malformed_data_is_not_read(data: object) -> None:
    assert read(data) is None


def test_data_of_one_class_is_not_read_as_another() -> None:
    assert read(ConfirmHold(1).pack()) != ShowCard(1)
    assert read("n") == Nothing()


def test_data_that_is_too_long_cannot_be_packed() -> None:
    with pytest.raises(ValueError, match="too long"):
        ChooseZone("ü" * 40).pack()


def test_two_classes_cannot_share_a_tag() -> None:
    with pytest.raises(TypeError, match="two classes"):

        @dataclass(frozen=True, slots=True)
        class Other(CallbackData, tag="rc"):
            """A class with a tag in use."""


EXTREMES: dict[Any, tuple[object, ...]] = {
    int: (0, 1, LARGEST),
    Cell: (0, LAST_CELL),
    date: (date(2000, 1, 1), date(2199, 12, 31)),
    str: ("", "nonsense"),
    Mark: ("", "a", "nonsense1"),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_no_forged_tap_makes_the_bot_fail(
    bot: BotHarness, alice: ChatUser, kind: type[CallbackData]
) -> None:
    """Anyone can send any valid callback data, provider or not, in a dialogue or not."""
    dora = await add_provider(bot)
    await alice.holds("09:15")
    await dora.sends("/hours")
    extremes = (
        EXTREMES.get(field.type, (None, 1, LARGEST))
        for field in fields(kind)  # type: ignore[arg-type]
    )
    for values in product(*extremes):
        line = kind(*values).pack()
        assert isinstance(read(line), kind)
        for person in (alice, dora):
            person.person.taps_data(line, person.last.id)
            await bot.settles()

    assert rows(bot.app.database.url, "SELECT error FROM failed_update") == []
    assert {tap.answers for tap in bot.simulator.world.taps.values()} == {1}


@dataclass(frozen=True, slots=True)
class Grown(CallbackData, tag="test", base=36):
    """A class whose last two fields were added later."""

    reservation: int
    page: int = 0
    moving: int | None = None


@pytest.mark.parametrize(
    ("choice", "data"),
    [
        (Grown(71), "test:1z"),
        (Grown(0), "test:0"),
        (Grown(71, 36), "test:1z:10"),
        (Grown(71, 0, 5), "test:1z:0:5"),
        (Grown(LARGEST), "test:18ce53un18g"),
    ],
)
def test_a_class_with_new_fields_packs_only_what_is_not_default(choice: Grown, data: str) -> None:
    assert choice.pack() == data
    assert read(data) == choice


@pytest.mark.parametrize("data", ["test:1z", "test:1z:0", "test:1z:0:0"])
def test_a_button_without_the_new_fields_has_their_defaults(data: str) -> None:
    assert read(data) == Grown(71, 0, None)


@pytest.mark.parametrize(
    "data", ["test", "test:", "test:1z:0:0:0", "test:1Z", "test:-1", "test:1_0", "test:18ce53un18h"]
)
def test_data_that_does_not_fit_a_class_with_new_fields_is_not_read(data: str) -> None:
    assert read(data) is None


MOST: dict[Any, Any] = {
    int: LARGEST,
    Cell: LAST_CELL,
    str: max(WORDS, key=len),
    Mark: "c0f3a99c1",
    date: date(2199, 12, 31),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_largest_ids_fit(kind: type[CallbackData]) -> None:
    numbers: Any = kind
    most = numbers(*(MOST.get(field.type, LARGEST) for field in fields(numbers)))
    assert read(most.pack()) == most


def test_the_longest_data_of_booking_is_a_slot() -> None:
    assert PickSlot(10**9, LAST_CELL, 10**9).pack() == "bt:gjdgxs:eze2o:gjdgxs"


@pytest.mark.parametrize("quarter", [0, 1, 1_995_104, LAST_QUARTER])
def test_an_old_tag_is_read_in_its_old_unit_and_packed_with_the_new_tag(quarter: int) -> None:
    choice = read(f"bs:5:{quarter}:10")
    assert choice == PickSlot(5, 3 * quarter, 10)
    assert read(choice.pack()) == choice
    assert choice.pack().startswith("bt:5:")


def test_a_class_cannot_take_the_old_tag_of_another() -> None:
    with pytest.raises(TypeError, match="two classes"):

        @dataclass(frozen=True, slots=True)
        class Other(CallbackData, tag="tt", old_tag="bs"):
            """A class with an old tag in use."""
