"""Waits grow from the first to the maximum, for any number of tries."""

from itertools import islice

import pytest

from domain.operations.backoff import Backoff


@pytest.mark.parametrize(
    ("backoff", "tries", "seconds"),
    [
        (Backoff(1.0, maximum=300.0), 0, 1.0),
        (Backoff(1.0, maximum=300.0), 1, 1.0),
        (Backoff(1.0, maximum=300.0), 2, 2.0),
        (Backoff(1.0, maximum=300.0), 9, 256.0),
        (Backoff(1.0, maximum=300.0), 10, 300.0),
        (Backoff(1.0, maximum=300.0), 1_000_000, 300.0),
        (Backoff(0.5, maximum=4.0), 4, 4.0),
        (Backoff(0.5, maximum=4.0), 5, 4.0),
        (Backoff(0.5, maximum=0.5), 1, 0.5),
        (Backoff(0.5, maximum=0.5), 7, 0.5),
        (Backoff(5.0, maximum=2.0), 1, 2.0),
        (Backoff(2.0, maximum=60.0, factor=1.0), 50, 2.0),
        (Backoff(2.0, maximum=60.0, factor=3.0), 3, 18.0),
        (Backoff(0.0, maximum=60.0), 50, 0.0),
    ],
)
def test_the_wait_after_a_number_of_failed_tries(
    backoff: Backoff, tries: int, seconds: float
) -> None:
    assert backoff.wait(tries) == seconds


def test_the_waits_of_successive_tries() -> None:
    assert list(islice(Backoff(0.5, maximum=3.0).waits(), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_spreads_each_wait_between_zero_and_its_length() -> None:
    waits = list(islice(Backoff(0.5, maximum=3.0, jitter=True).waits(), 50))

    assert len(set(waits)) > 1
    for wait, longest in zip(waits, Backoff(0.5, maximum=3.0).waits(), strict=False):
        assert 0 <= wait <= longest
