import zoneinfo
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.zones.find_zones import COMMON_ZONES, find_zones
from bot.parsing.zones.zone_table import ABBREVIATIONS, available_zones


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("são paulo", "America/Sao_Paulo"), ("sao paulo", "America/Sao_Paulo"),
        ("München", "Europe/Berlin"), ("Muenchen", "Europe/Berlin"),
        ("Munich", "Europe/Berlin"), ("Hamburg", "Europe/Berlin"), ("Köln", "Europe/Berlin"),
        ("Genf", "Europe/Zurich"),
        ("San Francisco", "America/Los_Angeles"), ("Boston", "America/New_York"),
        ("Mumbai", "Asia/Kolkata"), ("Peking", "Asia/Shanghai"),
        ("Mailand", "Europe/Rome"), ("Rom", "Europe/Rome"), ("Wien", "Europe/Vienna"),
        ("Zürich", "Europe/Zurich"),
        ("zurich", "Europe/Zurich"),
        ("Tokio", "Asia/Tokyo"), ("Deutschland", "Europe/Berlin"), ("germany", "Europe/Berlin"),
        ("Österreich", "Europe/Vienna"),
        ("Oesterreich", "Europe/Vienna"), ("Schweiz", "Europe/Zurich"), ("UK", "Europe/London"),
        ("UTC", "UTC"), ("utc", "UTC"),
        ("US/Pacific", "America/Los_Angeles"), ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"), ("Etc/UTC", "UTC"),
        ("NYC", "America/New_York"), ("brooklyn", "America/New_York"), ("JST", "Asia/Tokyo"),
        ("san fr", "America/Los_Angeles"), ("york", "America/New_York"),
    ],
)  # fmt: skip
def test_a_zone_is_found_by_its_common_names(text: str, zone: str) -> None:
    assert find_zones(text) == (zone,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "UTC+2",
        "utc-5",
        "+02:00",
        "GMT+1",
        "Etc/GMT+5",
        "MST7MDT",
        "Factory",
        "Atlantis",
        "!!",
        "x" * 101,
    ],
)
def test_offsets_and_nonsense_find_nothing(text: str) -> None:
    assert find_zones(text) == ()


def test_a_country_with_several_clocks_returns_one_zone_for_each_first() -> None:
    found = find_zones("Vereinigte Staaten")
    assert found[:4] == (
        "America/New_York",
        "America/Chicago",
        "America/Los_Angeles",
        "America/Denver",
    )
    assert {"America/Anchorage", "Pacific/Honolulu"} <= set(found)
    assert find_zones("USA") == found


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("CET", ("Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Paris")),
        ("mez", ("Europe/Berlin", "Europe/Vienna", "Europe/Zurich")),
        ("PST", ("America/Los_Angeles", "America/Vancouver", "America/Tijuana", "Asia/Manila")),
        ("EST", ("America/New_York", "America/Toronto")),
        ("CST", ("America/Chicago", "America/Winnipeg", "America/Mexico_City", "Asia/Shanghai")),
    ],
)
def test_an_abbreviation_finds_the_zones_that_use_it(text: str, zones: tuple[str, ...]) -> None:
    assert find_zones(text)[: len(zones)] == zones


def test_an_abbreviation_also_finds_names_that_begin_with_it() -> None:
    assert find_zones("est")[-1] == "Europe/Tallinn"


def test_every_zone_of_an_abbreviation_is_known() -> None:
    assert {zone for zones in ABBREVIATIONS.values() for zone in zones} <= available_zones()


def test_the_beginning_of_a_name_finds_all_names_with_it() -> None:
    assert find_zones("ber")[0] == "Europe/Berlin"
    assert "Atlantic/Bermuda" in find_zones("ber")


def test_the_number_of_zones_is_limited() -> None:
    assert len(find_zones("europe", limit=3)) == 3
    assert find_zones("berlin", limit=0) == ()


def test_common_zones_are_found_by_name_and_cover_the_world() -> None:
    assert [find_zones(zone) for zone in COMMON_ZONES] == [(zone,) for zone in COMMON_ZONES]
    assert {zone.partition("/")[0] for zone in COMMON_ZONES} == {
        "Europe",
        "Africa",
        "Asia",
        "Australia",
        "Pacific",
        "America",
    }


def test_a_zone_is_available_by_its_exact_name_only() -> None:
    assert [name in available_zones() for name in ("Europe/Berlin", "UTC", "Asia/Calcutta",
    "europe/berlin", "Mars/Base", "", "Factory")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip


def clock(zone: str) -> list[timedelta | None]:
    return [
        datetime(2026, month, 15, tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
        for month in range(1, 13)
    ]


def test_every_place_of_the_database_is_found() -> None:
    places = {
        name
        for name in zoneinfo.available_timezones()
        if name.startswith(("Europe/", "Asia/", "Australia/"))
    }
    assert {name for name in places if not find_zones(name)} == set()


@given(st.sampled_from(sorted(zoneinfo.available_timezones())))
def test_every_name_of_the_database_finds_at_most_one_zone_with_the_same_clock(
    name: str,
) -> None:
    found = find_zones(name) if "/" in name else ()
    assert len(found) <= 1
    assert all(clock(zone) == clock(name) for zone in found)


@given(st.one_of(st.text(max_size=30), st.text("abeinorstuü /", max_size=4)))
def test_no_text_raises_and_only_area_city_names_are_returned(text: str) -> None:
    found = find_zones(text)
    assert len(found) == len(set(found)) <= 8
    assert all(
        zone in available_zones() and (zone == "UTC" or "/" in zone) and not zone.startswith("Etc/")
        for zone in found
    )
