"""The whole story in a real browser, on the demo as people start it."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser import story
from tests.browser.conftest import Opens
from tests.browser.phones import DemoPage
from tests.browser.story import StoryClient

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_two_clients_race_for_a_time_and_all_lists_agree_on_the_winner(opens: Opens) -> None:
    page = await opens()
    await story.hours_are_published(page)
    await story.both_open_the_day(page)
    other = await opens()
    await other.ticked(1, 2, 3, 4)
    winner, loser = await _both_tap_at_once(page, other)
    await story.one_confirms_and_the_other_waits(page, winner, loser)
    await page.skips("5m")
    await loser.phone.newest_says(loser.expired)
    await _the_lists_agree(page, winner, loser)


async def _both_tap_at_once(page: DemoPage, other: DemoPage) -> tuple[StoryClient, StoryClient]:
    """Let both clients take the same time at once in their own windows; return winner and loser."""
    clients = story.clients_of(page)
    await asyncio.gather(
        clients[0].phone.taps(clients[0].time("10:15")), other.bernd.taps(clients[1].time("10:15"))
    )
    too_late = [client.phone.texts.filter(has_text=client.slower) for client in clients]
    await expect(too_late[0].or_(too_late[1])).to_have_count(1)
    winner, loser = clients if await too_late[1].count() else reversed(clients)
    await winner.phone.sees(winner.held)
    await expect(loser.phone.button(loser.time("10:15"))).to_have_count(0)
    return winner, loser


async def _the_lists_agree(page: DemoPage, winner: StoryClient, loser: StoryClient) -> None:
    """Check both clients' bookings and the provider's agenda."""
    for client in (winner, loser):
        await client.phone.sends("/bookings")
    await winner.phone.newest_says(winner.bookings)
    await winner.phone.newest_says(winner.time("10:15"))
    await loser.phone.newest_says(loser.nothing)
    await page.dora.sends("/agenda")
    day = story.wednesday_next_week()
    await page.dora.taps(f"{day:%a} {day.day} {day:%b}")
    await page.dora.newest_says(f"10:15–10:30  {winner.name}")
    await expect(page.dora.texts.last).not_to_contain_text(loser.name)


async def test_every_step_can_be_done_as_described(opens: Opens) -> None:
    page = await opens()
    await page.suggests(1, page.dora)
    await page.ticked(1)
    await page.dora.taps("Publish")
    await page.ticked(2)
    await _two_clients_follow_the_list(page)
    await _the_clock_is_moved(page)
    await _the_lists_are_looked_at(page)
    await _an_assistant_works_for_a_provider(page)
    await page.ticked(*range(1, 19))
    await expect(page.page.get_by_test_id("steps")).to_contain_text("All done")


async def _two_clients_follow_the_list(page: DemoPage) -> None:
    """Do the steps from the first /book to the booking."""
    day = story.wednesday_next_week()
    for step, phone in ((3, page.alice), (4, page.bernd)):
        await page.suggests(step, phone)
        await phone.picks(day)
        await page.ticked(step)
    await page.alice.taps("09:15")
    await page.ticked(5)
    await page.bernd.taps("11:15")
    await page.ticked(6)
    await page.bernd.taps("11:30")
    await page.ticked(7)
    await page.suggests(8, page.bernd)
    await page.bernd.newest_taps("verschieben")
    await page.ticked(8)
    await page.alice.taps("Confirm")
    await page.ticked(9)
    await page.dora.sees("New booking from Alice")


async def test_a_step_is_ticked_only_when_its_own_person_does_it(opens: Opens) -> None:
    page = await opens()
    await story.hours_are_published(page)
    await story.both_open_the_day(page)
    for label in ("11:15", "Bestätigen", "Termin absagen", "Ja"):
        await page.bernd.newest_taps(label)
    await page.dora.sees("Bernd cancelled")
    await page.not_ticked(9, 13)
    for label in ("10:15", "Confirm"):
        await page.alice.newest_taps(label)
    await page.ticked(9)
    await page.dora.newest_says("New booking from Alice")
    for label in ("Open that day", "Alice", "Cancel booking", "without"):
        await page.dora.newest_taps(label)
    await page.alice.sees("Dora cancelled")
    await page.not_ticked(13)


async def _the_clock_is_moved(page: DemoPage) -> None:
    """Do the steps in which a hold expires."""
    for _ in range(5):
        await page.skips("5m")
    await page.ticked(10)
    await page.not_ticked(11)
    await page.skips("5m")
    await page.ticked(11)
    await expect(page.page.get_by_test_id("skipped")).to_have_text("30 minutes ahead")


async def _the_lists_are_looked_at(page: DemoPage) -> None:
    """Do the steps with the agenda and the bookings."""
    day = story.wednesday_next_week()
    label = f"{day:%a} {day.day} {day:%b}"
    await page.suggests(12, page.dora)
    await page.dora.taps(label)
    await page.ticked(12)
    await page.suggests(13, page.alice)
    await page.alice.taps(label)
    await page.alice.newest_taps("Cancel booking")
    await page.alice.taps("Yes")
    await page.ticked(13)
    await page.suggests(14, page.alice)
    await page.ticked(14)


async def _an_assistant_works_for_a_provider(page: DemoPage) -> None:
    """Add a provider without Telegram and an assistant on another phone, who gets a booking."""
    await page.suggests(15, page.dora)
    await page.dora.taps("A provider without Telegram")
    await page.dora.sees("What name should clients see")
    await page.dora.sends("Emil")
    await page.ticked(15)
    await page.adds("Rita", "en", "Europe/Paris")
    rita = page.phone(1003, "en")
    await page.dora.taps("Invite their assistant")
    await page.dora.screen.get_by_test_id("hand-over").click()
    await page.page.get_by_test_id("hand-over-1003").click()
    await rita.sees("You're assisting Emil now")
    await page.ticked(16)
    await rita.sends("Mon-Fri 9-12 next week")
    await rita.taps("Publish")
    await page.ticked(17)
    await page.suggests(18, page.bernd)
    await page.bernd.picks(story.wednesday_next_week())
    await page.bernd.taps("10:15")
    await page.bernd.taps("Bestätigen")
    await page.ticked(18)
    for phone in (rita, page.dora):
        await phone.sees("New booking from Bernd")


async def test_skipping_a_day_sends_the_warning_before_the_expiry(
    opens: Opens,
) -> None:
    page = await opens()
    await story.hours_are_published(page)
    await page.alice.opens_day(story.wednesday_next_week())
    await page.alice.taps("09:15")
    await page.alice.sees("Held for you")
    seen = await page.records_texts(page.alice)
    await page.skips("1d")
    await page.alice.newest_says("Your hold has expired")
    await expect(page.page.get_by_test_id("skipped")).to_have_text("1 day ahead")
    ends = [
        piece
        for text in await seen()
        for piece in ("left to confirm", "has expired")
        if piece in text
    ]
    assert ends == ["left to confirm", "has expired"]
