"""The card of a reservation and a client's list of bookings."""

from dataclasses import replace

from bot.features.reservations.card import booked_card, card, hold_card
from bot.features.reservations.screens import booking_details, booking_list, cancel_question
from tests.kit.preview import Previews
from tests.kit.screens import (
    BOOKED,
    CANCELLED_BY_CLIENT,
    CANCELLED_BY_PROVIDER,
    DORA,
    EXPIRED,
    HELD,
    NOW,
    RELEASED,
    slot,
)

LATER = replace(BOOKED, id=3, span=slot(96))

PREVIEWS = Previews()
PREVIEWS.add(
    hold_card,
    held=lambda by: hold_card(by, HELD, DORA),
    warned=lambda by: hold_card(by, HELD, DORA, warned=True),
)
PREVIEWS.add(booked_card, booked=lambda by: booked_card(by, BOOKED, DORA))
PREVIEWS.add(
    card,
    expired_and_free=lambda by: card(by, EXPIRED, DORA, NOW, free=True),
    expired_and_taken=lambda by: card(by, EXPIRED, DORA, NOW),
    released=lambda by: card(by, RELEASED, DORA, NOW, free=True),
    cancelled_by_the_client=lambda by: card(by, CANCELLED_BY_CLIENT, DORA, NOW, free=True),
    cancelled_by_the_provider=lambda by: card(by, CANCELLED_BY_PROVIDER, DORA, NOW),
)
PREVIEWS.add(
    booking_list,
    none=lambda by: booking_list(by, [], {}, page=0),
    several=lambda by: booking_list(by, [HELD, BOOKED, LATER], {1: DORA}, page=0),
)
PREVIEWS.add(booking_details, booked=lambda by: booking_details(by, BOOKED, DORA, NOW))
PREVIEWS.add(cancel_question, all=lambda by: cancel_question(by, BOOKED, DORA))
