"""A zone is named where it can be mistaken."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.ui.locale import user_locale
from domain.person import Person
from domain.provider import Provider
from tests.kit.screens import ALICE, DORA

VENUE = ZoneInfo("Europe/Berlin")
TRAVELLER, FAR_PROVIDER = replace(ALICE, time_zone="Asia/Tokyo"), replace(DORA, time_zone="UTC")


@pytest.mark.parametrize(
    ("person", "others", "named"),
    [
        pytest.param(ALICE, (), "", id="at the venue"),
        pytest.param(ALICE, (DORA,), "", id="both at the venue"),
        pytest.param(ALICE, (DORA, FAR_PROVIDER), " (Berlin time)", id="another far away"),
        pytest.param(TRAVELLER, (), " (Tokyo time)", id="away from the venue"),
        pytest.param(TRAVELLER, (TRAVELLER,), " (Tokyo time)", id="both away from it"),
        pytest.param(replace(TRAVELLER, language="de"), (), " (Zeitzone Tokio)", id="in German"),
    ],
)
def test_a_zone_is_named_unless_all_share_that_of_the_venue(
    person: Person, others: tuple[Person | Provider, ...], named: str
) -> None:
    assert user_locale(person, VENUE).in_zone(*others) == named
