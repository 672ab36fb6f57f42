"""A choice on the way to a slot."""

import pytest

from domain.choice import SlotChoice
from domain.timespan import TimeSpan


def test_a_chosen_start_makes_a_slot() -> None:
    assert SlotChoice(1, 100).slot(4) == TimeSpan(100, 104)


def test_a_choice_without_a_start_is_no_slot() -> None:
    with pytest.raises(ValueError, match="no start"):
        SlotChoice(1).slot(4)
