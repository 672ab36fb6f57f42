"""Invitations: who may open one, and until when."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import errors
from domain.invitation import LIFETIMES, Invitation, InvitationKind, digest_of, new_code

END = datetime(2026, 6, 8, 12, tzinfo=UTC)
GUEST, STRANGER = 100, 200


@pytest.mark.parametrize(
    "now",
    [END - timedelta(days=7), END - timedelta(seconds=1), END - timedelta.resolution],
    ids=str,
)
def test_a_fresh_invitation_is_good_until_just_before_its_end(now: datetime) -> None:
    Invitation("digest", InvitationKind.PROVIDER, END).check(GUEST, now)


@pytest.mark.parametrize(
    "now", [END, END + timedelta.resolution, END + timedelta(days=365)], ids=str
)
def test_an_invitation_has_expired_from_the_instant_of_its_end(now: datetime) -> None:
    with pytest.raises(errors.InvitationExpired):
        Invitation("digest", InvitationKind.PROVIDER, END).check(GUEST, now)


@pytest.mark.parametrize("now", [END - timedelta(days=7), END, END + timedelta(days=365)], ids=str)
def test_a_used_invitation_stays_open_to_its_own_guest_alone(now: datetime) -> None:
    used = Invitation("digest", InvitationKind.PROVIDER, END, used_by=GUEST)

    used.check(GUEST, now)
    with pytest.raises(errors.InvitationUsed):
        used.check(STRANGER, now)


def test_codes_fit_a_deep_link_and_never_repeat() -> None:
    codes = {new_code() for _ in range(1000)}

    assert len(codes) == 1000
    assert all(
        len(f"join_{code}") <= 64
        and code.replace("-", "").replace("_", "").isalnum()
        and code.isascii()
        for code in codes
    )


def test_only_the_digest_of_a_code_is_kept() -> None:
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_every_kind_of_invitation_expires_and_that_of_an_admin_within_a_day() -> None:
    days = {kind: lifetime / timedelta(days=1) for kind, lifetime in LIFETIMES.items()}

    assert days == dict.fromkeys(InvitationKind, 7) | {InvitationKind.ADMIN: 1}
