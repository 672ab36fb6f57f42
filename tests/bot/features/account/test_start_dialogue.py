"""Chats about first contact: /start, /help, /privacy, /cancel, and a provider's link."""

import pytest
from inline_snapshot import snapshot

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser

pytestmark = pytest.mark.usually("sqlite")

CLIENTS = ["start", "book", "bookings", "settings", "help", "privacy", "cancel"]


def menu(bot: BotHarness, user: ChatUser) -> list[str]:
    return [command["command"] for command in bot.simulator.commands_for(user.person)]


async def test_a_client_is_greeted_with_what_to_tap_next(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("/start")

    assert str(alice.card) == snapshot("""\
👋 Hello Alice!

Book an appointment: pick a time and confirm it.

All times are Berlin time; choose your own zone in /settings.

[Book a time] [My bookings]
[Settings]\
""")
    assert menu(bot, alice) == CLIENTS


async def test_an_admin_is_greeted_with_inviting(bot: BotHarness, admin: ChatUser) -> None:
    await admin.sends("/start")

    admin.card.shows("Add providers and assistants with /invite")
    assert admin.buttons[0] == "Invite someone"
    assert set(menu(bot, admin)) == {*CLIENTS, "invite"}


async def test_a_provider_is_greeted_with_their_hours(bot: BotHarness, provider: ChatUser) -> None:
    await provider.sends("/start")

    assert str(provider.card) == snapshot("""\
👋 Hello Dora!

Clients see you as Dora. Set your hours, then share your link.

All times are Berlin time; change it in /settings.

[My hours] [My agenda]
[My link]
[Book a time] [My bookings]
[Settings]\
""")
    assert set(menu(bot, provider)) == {*CLIENTS, "hours", "agenda", "link"}


async def test_who_has_open_hours_is_not_asked_to_set_them(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    await open_hours.sends("/start")
    open_hours.card.shows("Clients see you as Dora.\n\nAll times")

    await bot.advances(days=60)
    await open_hours.sends("/start")
    open_hours.card.shows("Clients see you as Dora. Set your hours, then share your link.")


@pytest.mark.parametrize(
    ("tapped", "seen"),
    [
        ("Book a time", "No one is taking bookings"),
        ("My bookings", "No upcoming bookings"),
        ("Settings", "Time zone:"),
    ],
)
async def test_the_buttons_of_the_greeting_lead_on(alice: ChatUser, tapped: str, seen: str) -> None:
    await alice.sends("/start")
    await alice.taps(tapped)

    assert seen in alice.last.text


@pytest.mark.parametrize("tapped", ["My hours", "My agenda", "My link"])
async def test_the_buttons_of_a_providers_greeting_lead_on(provider: ChatUser, tapped: str) -> None:
    await provider.sends("/start")
    before = [message.text for message in provider.shown]
    await provider.taps(tapped)

    assert [message.text for message in provider.shown] != before
    assert provider.toast == ""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<b>Bobby</b> & {name}", "Hello <b>Bobby</b> & {name}!"),
        ("\u202eybboB", "Hello ybboB!"),
        ("B" * 300, f"Hello {'B' * 64}!"),
        ("😀", "Hello 😀!"),
        ("\u200f", "Hello!"),
    ],
)
async def test_any_name_is_greeted(bot: BotHarness, name: str, shown: str) -> None:
    person = bot.joins(name)
    await person.sends("/start")

    assert shown in person.card.text


@pytest.mark.parametrize("payload", ["hello", "book", "join", "bookings_1", "%00"])
async def test_an_unknown_deep_link_starts_as_usual(alice: ChatUser, payload: str) -> None:
    await alice.sends(f"/start {payload}")

    alice.last.shows("Hello Alice!")


async def test_help_and_the_menu_agree(
    bot: BotHarness, alice: ChatUser, provider: ChatUser, admin: ChatUser
) -> None:
    for person in (alice, provider, admin):
        await person.sends("/start")
        await person.sends("/help")
        assert all(f"/{command} · " in person.last.text for command in menu(bot, person))
    alice.last.hides("/hours")
    provider.last.hides("/invite")


async def test_privacy_says_what_why_how_long_and_whom_to_ask(
    bot: BotHarness, alice: ChatUser
) -> None:
    german = bot.joins("Jörg", language_code="de")
    for person, parts in (
        (alice, ("What we store, and why", "2 days", "30 days", "no tracking", "Who to ask")),
        (
            german,
            (
                "Was wir speichern, und warum",
                "2 Tage",
                "30 Tage",
                "kein Tracking",
                "Wen du fragen kannst",
            ),
        ),
    ):
        await person.sends("/privacy")
        assert all(part in person.last.text for part in parts)


async def test_cancel_leaves_the_dialogue_and_keeps_the_hold(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.sends("/book")
    await alice.sends("/cancel")
    assert alice.last.text.startswith("OK, stopped.")
    assert alice.last.labels == ["Book a time", "My bookings"]

    await alice.sends("25 Nov")
    assert alice.last.text.startswith("You're holding Wednesday, 25 November 2026, 09:00–09:15.")
    assert alice.sees("Held for you until 10:30")


async def test_cancel_says_when_there_is_nothing_to_leave(alice: ChatUser) -> None:
    await alice.sends("/cancel")
    assert alice.last.text.startswith("Nothing to stop")

    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends("/cancel")
    assert alice.last.text.startswith("OK, stopped.")
    await alice.sends("/cancel")
    assert alice.last.text.startswith("Nothing to stop")


@pytest.mark.parametrize("word", ["/cancel", "stop"])
async def test_a_look_at_the_agenda_is_nothing_to_stop(
    open_hours: ChatUser, alice: ChatUser, word: str
) -> None:
    await alice.books("09:15")
    await open_hours.sends("/agenda 25 Nov")
    await open_hours.sends(word)
    assert open_hours.last.text.startswith("Nothing to stop")

    await open_hours.sends("/agenda 25 Nov")
    await open_hours.taps("09:15")
    await open_hours.taps("Cancel booking")
    await open_hours.sends(word)
    assert open_hours.last.text.startswith("OK, stopped.")


async def test_the_card_of_a_cancelled_dialogue_still_works(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends("/cancel")
    await alice.taps("Tokyo")

    assert alice.sees("Time zone: Tokyo")


async def test_a_providers_link_comes_with_a_qr_code(provider: ChatUser) -> None:
    await provider.sends("/link")
    link, picture = provider.shown[-2:]

    assert "https://t.me/slotkeeper_bot?start=book_dora" in link.text.split()
    assert picture.photo
    assert picture.photo.content.startswith(b"\x89PNG")
    assert picture.text == "Scan to book with Dora"


async def test_only_a_provider_has_a_link(alice: ChatUser) -> None:
    await alice.sends("/link")
    alice.last.shows("Only providers can do that")
    await alice.taps_data("go:link", alice.last.id)
    assert "Only providers can do that" in alice.toast


async def test_the_link_leads_a_client_straight_to_the_free_times(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await open_hours.sends("/link")
    link = open_hours.link("?start=book_")
    await alice.opens(link)
    assert alice.card.text.startswith("Dora\n")

    await bot.restarts()
    await alice.sends("25 Nov 9:15")
    alice.card.shows("Held for you")


async def test_the_link_is_valid_however_it_is_written_and_after_a_new_name(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await open_hours.sends("/settings")
    await open_hours.taps("Public name")
    await open_hours.sends("Dr. Dora")
    await alice.sends("/start BOOK_Dora")

    assert alice.card.text.startswith("Dr. Dora\n")


@pytest.mark.parametrize("slug", ["nobody", "", "x" * 59])
async def test_a_link_to_no_provider_leads_to_all_providers(
    alice: ChatUser, open_hours: ChatUser, slug: str
) -> None:
    await alice.sends(f"/start book_{slug}")
    alice.last.shows("That link doesn't work")
    await alice.taps("Book a time")

    assert alice.card.text.startswith("Dora\n")


async def test_a_providers_own_link_does_not_book(open_hours: ChatUser) -> None:
    await open_hours.sends("/start book_dora")

    open_hours.last.shows("You can't book yourself")


async def test_first_contact_in_german(bot: BotHarness) -> None:
    person = bot.joins("Jörg", language_code="de")
    await person.sends("/start")
    person.card.shows("Hallo Jörg!")
    assert person.buttons == ["Termin buchen", "Meine Termine", "Einstellungen"]
    await person.sends("/help")
    person.last.shows("/book · Einen Termin buchen")
    await person.sends("/cancel")
    assert person.last.text.startswith("Gerade gibt es nichts abzubrechen")
    await person.sends("/start book_nobody")
    person.last.shows("Dieser Link funktioniert nicht (mehr)")


async def test_people_are_greeted_by_first_name(bot: BotHarness) -> None:
    person = bot.joins("Ann", last_name="Other")
    await person.sends("/start")

    person.last.shows("Hello Ann!")


async def test_help_says_how_long_a_hold_lasts(bot: BotHarness) -> None:
    for language, length in (("en", "for 30 minutes"), ("de", "30 Minuten für dich reserviert")):
        person = bot.joins("Jo", language_code=language)
        await person.sends("/help")
        assert length in person.last.text
