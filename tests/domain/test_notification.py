"""Notifications: what each event causes, and which still hold when they are sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain import events
from domain.notification import (
    JOINED,
    RULES,
    Audience,
    Kind,
    Notification,
    ProviderKind,
    Rule,
    Subject,
    check_registry,
    still_holds,
)
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
END = NOW + timedelta(minutes=30)
LEAD = timedelta(minutes=5)
CLIENT, PROVIDER = 100, 200
HELD = Reservation(7, 1, CLIENT, TimeSpan(2_000_000, 2_000_001), Status.HELD, NOW, END)
EXPIRED = replace(HELD, status=Status.EXPIRED, ended_at=END, revision=2)
CONFIRMED = replace(HELD, status=Status.CONFIRMED, expires_at=None, confirmed_at=NOW, revision=2)
RELEASED = replace(
    HELD, status=Status.CANCELLED, expires_at=None, ended_at=NOW, ended_by=Party.CLIENT, revision=2
)
CANCELLED = replace(
    CONFIRMED, status=Status.CANCELLED, ended_at=NOW, ended_by=Party.CLIENT, revision=3
)
DECLINED = replace(RELEASED, ended_by=Party.PROVIDER)
CANCELLED_BY_PROVIDER = replace(CANCELLED, ended_by=Party.PROVIDER)
COMPLETED = replace(CONFIRMED, status=Status.COMPLETED, ended_at=NOW, revision=3)
ALL = [HELD, EXPIRED, CONFIRMED, RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER, COMPLETED]


@pytest.mark.parametrize(
    ("event", "act", "kind", "due"),
    [
        (events.SlotHeld(HELD, None, CLIENT), "held", Kind.HOLD_WARNING, END - LEAD),
        (events.HoldMoved(HELD, HELD, CLIENT), "moved", Kind.HOLD_WARNING, END - LEAD),
        (events.HoldExpired(EXPIRED, HELD, None), "expired", Kind.HOLD_EXPIRED, NOW),
        (
            events.HoldConfirmed(CONFIRMED, HELD, CLIENT),
            "confirmed",
            Kind.BOOKING_CONFIRMED,
            NOW,
        ),
        (
            events.CancelledByClient(CANCELLED, CONFIRMED, CLIENT),
            "cancelled",
            Kind.CANCELLED_BY_CLIENT,
            NOW,
        ),
        (events.HoldReleased(RELEASED, HELD, CLIENT), "released", None, NOW),
        (
            events.CancelledByProvider(DECLINED, HELD, PROVIDER),
            "declined",
            Kind.CANCELLED_BY_PROVIDER,
            NOW,
        ),
        (events.VisitCompleted(COMPLETED, CONFIRMED, None), "completed", None, NOW),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.Event) else "",
)
def test_each_event_names_its_act_and_its_notification(
    event: events.Event, act: str, kind: Kind | None, due: datetime
) -> None:
    assert (event.act, event.notifies, event.due_at(NOW, LEAD)) == (act, kind, due)


@pytest.mark.parametrize("given", [{}, {"act": "forgotten"}, {"notifies": None}], ids=str)
def test_an_event_without_an_act_or_a_kind_cannot_be_defined(given: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="missing"):
        type("Forgotten", (events.Event,), {}, **given)


def test_every_kind_of_notification_has_a_rule_and_an_event() -> None:
    caused = {
        kind
        for each in vars(events).values()
        if isinstance(each, type) and issubclass(each, events.Event) and each is not events.Event
        for kind in (each.notifies, each.also_notifies)
    }

    assert {*RULES} == {*Kind} == caused - {None}
    assert not {*ProviderKind, JOINED} & {*Kind}


def test_clients_and_people_who_act_for_a_provider_are_told_of_different_things() -> None:
    told = {kind for kind, rule in RULES.items() if rule.audience is Audience.PROVIDER}

    assert told == {
        Kind.BOOKING_CONFIRMED,
        Kind.CANCELLED_BY_CLIENT,
        Kind.CANCELLED_BY_TEAM,
    }


def test_a_registry_with_a_missing_or_an_unknown_kind_is_an_error() -> None:
    check_registry(RULES, Kind)
    lacking: dict[Kind, Rule] = {
        kind: rule for kind, rule in RULES.items() if kind is not Kind.HOLD_EXPIRED
    }
    with pytest.raises(TypeError, match="without an entry: hold_expired"):
        check_registry(lacking, Kind)
    with pytest.raises(TypeError, match="unknown"):
        check_registry({**RULES, "unknown": None}, Kind)


def test_a_dedupe_key_tells_kinds_subjects_revisions_and_offsets_apart() -> None:
    one = Notification(CLIENT, Kind.HOLD_WARNING, 7, NOW, revision=2)
    others = [
        replace(one, kind=Kind.HOLD_EXPIRED),
        replace(one, subject=Subject.PROVIDER),
        replace(one, subject_id=72),
        replace(one, revision=3),
        replace(one, revision=None),
        replace(one, offset="PT24H"),
    ]

    assert len({one.dedupe_key, *(other.dedupe_key for other in others)}) == 1 + len(others)
    assert replace(one, due_at=END, recipient_id=PROVIDER).dedupe_key == one.dedupe_key


def test_the_payload_of_a_notification_is_no_part_of_its_key() -> None:
    one = Notification(CLIENT, JOINED, 7, NOW, subject=Subject.PERSON)

    assert replace(one, payload={"kind": "admin"}).dedupe_key == one.dedupe_key


def test_the_longest_dedupe_key_fits_its_column() -> None:
    kind = max((*Kind, *ProviderKind), key=len)
    longest = Notification(
        CLIENT,
        kind,
        2**63 - 1,
        NOW,
        revision=2**31 - 1,
        offset=NOW.isoformat(timespec="seconds"),
    )

    assert len(longest.dedupe_key) <= 96


STILL_APPLIES = {
    Kind.HOLD_WARNING: [HELD],
    Kind.HOLD_EXPIRED: [EXPIRED],
    Kind.BOOKING_CONFIRMED: [CONFIRMED],
    Kind.CANCELLED_BY_CLIENT: [RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER],
    Kind.CANCELLED_BY_PROVIDER: [RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER],
    Kind.CANCELLED_BY_TEAM: [CANCELLED, CANCELLED_BY_PROVIDER],
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "reservation",
    ALL,
    ids=[
        "held",
        "expired",
        "confirmed",
        "released",
        "cancelled",
        "declined",
        "cancelled by provider",
        "completed",
    ],
)
def test_a_notification_that_no_longer_applies_is_not_sent(
    kind: Kind, reservation: Reservation
) -> None:
    holds = still_holds(kind, reservation.revision, reservation, END - LEAD)

    assert holds is (reservation in STILL_APPLIES[kind])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("revision", [None, -1, 1])
def test_a_notification_of_another_revision_is_not_sent(kind: Kind, revision: int | None) -> None:
    for reservation in STILL_APPLIES[kind]:
        other = None if revision is None else reservation.revision + revision
        assert not still_holds(kind, other, reservation, END - LEAD)


@pytest.mark.parametrize(
    ("now", "applies"),
    [
        (END - timedelta(seconds=1), True),
        (END - timedelta.resolution, True),
        (END, False),
        (END + LEAD, False),
    ],
    ids=str,
)
def test_no_warning_is_sent_for_an_expired_hold(now: datetime, *, applies: bool) -> None:
    assert still_holds(Kind.HOLD_WARNING, HELD.revision, HELD, now) is applies
