"""What the outbox knows about a delivery: which notifications may have arrived."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.operations.outbox import NOT_DELIVERED, DeliveryRecord, OutboxRow

ROW = OutboxRow(
    id=1,
    chat_id=7_000_200,
    recipient_id=200,
    kind="booking_confirmed",
    subject_kind="reservation",
    subject_id=7,
    revision=2,
    payload=None,
    due_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
    attempts=1,
)


@pytest.mark.parametrize(
    ("state", "attempts", "not_delivered", "arrived"),
    [
        ("sent", 1, 0, True),
        ("due", 0, 0, False),
        ("due", 1, 0, True),
        ("due", 2, 2, False),
        ("skipped", 1, 0, False),
        ("skipped", 2, 0, True),
        ("skipped", 3, 2, False),
        ("skipped", 4, 2, True),
        ("parked", 1, 0, False),
        ("parked", 2, 0, True),
        ("withheld", 0, 0, False),
        ("withheld", 1, 0, False),
        ("withheld", 2, -1, True),
    ],
)
def test_a_notification_that_may_have_arrived_counts_as_delivered(
    state: str, attempts: int, not_delivered: int, *, arrived: bool
) -> None:
    assert DeliveryRecord(state, attempts, not_delivered).may_have_arrived is arrived


def test_refused_tries_are_counted() -> None:
    again = replace(ROW, payload=ROW.refused(), attempts=2)

    assert ROW.refused() == {NOT_DELIVERED: 1}
    assert again.refused() == {NOT_DELIVERED: 2}


@pytest.mark.parametrize(
    ("attempts", "refused", "kept"), [(1, 0, 0), (2, 1, 0), (2, 0, -1), (5, 2, -2)]
)
def test_a_withheld_notification_keeps_the_number_of_tries_that_may_have_arrived(
    attempts: int, refused: int, kept: int
) -> None:
    row = replace(ROW, attempts=attempts, payload={NOT_DELIVERED: refused})

    assert row.withheld() == {NOT_DELIVERED: kept}


def test_only_a_row_about_a_reservation_names_one() -> None:
    assert ROW.reservation_id == 7
    assert replace(ROW, subject_kind="provider").reservation_id is None
    assert replace(ROW, subject_kind=None, subject_id=None).reservation_id is None
