"""Bad input of every kind gets a sentence that helps, and loses nothing."""

import pytest

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider

pytestmark = pytest.mark.usually("sqlite")


async def test_unexpected_words_are_answered_with_buttons(alice: ChatUser) -> None:
    await alice.sends("what is this")

    alice.last.shows("/help")
    assert alice.buttons == ["Book a time", "My bookings"]
    await alice.taps("Book a time")
    alice.last.shows("No one is taking bookings")


async def test_an_unknown_command_is_answered(alice: ChatUser) -> None:
    await alice.sends("/frobnicate now")

    alice.last.shows("I don't know that command")


async def test_a_sticker_and_a_picture_are_answered_and_the_dialogue_goes_on(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    alice.person.sends_sticker()
    alice.person.sends_photo()
    await bot.settles()

    alice.last.shows("I can only read text")
    await alice.sends("25 Nov 9:00")
    alice.last.shows("Held for you")


async def test_an_edited_message_is_not_read_as_a_new_one(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("25 Nov")
    mine = next(m for m in alice.person.chat.newest_first() if m.sender == "person")
    alice.person.edits(mine.id, "25 Nov 9:00")
    await bot.settles()

    alice.last.shows("I can't see edits")
    assert not alice.sees("Held for you")


async def test_a_group_gets_a_link_to_the_private_chat_and_nothing_else(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    group = bot.simulator.group("Team")
    alice.person.sends_in(group, "/book")
    alice.person.sends_in(group, "25 Nov 9:00")
    alice.person.sends_in(group, "/book@another_bot")
    alice.person.sends_in(group, "@slotkeeper_bot hello")
    await bot.settles()

    answers = [message for message in group.chat.messages if message.sender == "bot"]
    assert [message.text for message in answers] == [
        "I only work in private chats. Message me there."
    ] * 2
    assert answers[0].rows[0][0].url == "https://t.me/slotkeeper_bot"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "bs:1",
        "bs:1:2:3:4",
        "bs:a:b:c",
        "bs:-1:0:0",
        "bs:1:99999999999999999999:0",
        "bt:1",
        "bt:1:2:3:4",
        "bt:1:-1",
        "bt:1:zzzzzzzzzz",
        "bd:1:20261399:0:0",
        "n:1",
    ],
)
async def test_a_forged_button_is_answered(
    alice: ChatUser, open_hours: ChatUser, data: str
) -> None:
    await alice.taps_data(data or "?", 5)

    assert "has expired" in alice.toast


@pytest.mark.parametrize(
    "data",
    [
        "rc:1",
        "rr:1",
        "ro:1",
        "rs:1",
        "lc:1",
        "la:1",
        "ls:1",
        "ac:1",
        "ar:1",
        "ae:1",
        "hp:1",
        "hx:1",
        "hu:1:a",
        "ht:1:20261125",
        "hr:1:2:c",
        "hc:1:2:c",
        "sn",
    ],
)
async def test_people_cannot_act_on_what_belongs_to_others(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser, data: str
) -> None:
    await alice.sends("/book")
    await alice.taps("25")
    await alice.taps("09:00")
    before = [message.text for message in alice.shown]
    await bob.sends("/start")
    await bob.taps_data(data, bob.last.id)

    assert bob.toast
    assert [message.text for message in alice.shown] == before
    await alice.taps("Confirm")
    assert alice.card.text.startswith("✅ Booked")


@pytest.mark.parametrize(
    "data",
    [
        "bd:1:00010101:0:0",
        "bd:1:99991231:9999999:0",
        "bm:1:99991231:0",
        "bm:1:00010101:0",
        "bp:99999999",
        "bc:1:77",
    ],
)
async def test_a_forged_day_or_page_out_of_reach_shows_the_nearest(
    alice: ChatUser, open_hours: ChatUser, data: str
) -> None:
    await alice.sends("/book")
    await alice.taps_data(data, alice.card.id)

    assert alice.card.rows


@pytest.mark.parametrize(
    "data",
    [
        *("bs:1:1:0", "bs:1:4611686018427387904:0", "bs:1:0:0", "bs:999:1995104:0"),
        *("bs:1:1995104:999", "bt:1:1", "bt:1:0", "bt:rr:3kaao", "bt:1:3kaao:rr", "bt:1:3kaap"),
    ],
)
async def test_a_forged_time_is_refused_with_a_reason(
    alice: ChatUser, open_hours: ChatUser, data: str
) -> None:
    await alice.sends("/book")
    await alice.taps_data(data, alice.card.id)

    assert alice.toast
    assert not alice.sees("Held for you")


async def test_html_in_names_and_lines_is_shown_as_typed(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    mallory = bot.joins("<b>Mallory</b> & <script>", last_name="&lt;")
    await mallory.sends("/book")
    await mallory.sends("<i>someday</i>")
    mallory.last.shows("“<i>someday</i>”")
    await mallory.taps("⚡ Wed 25 Nov, 09:00")
    await mallory.taps("Confirm")

    assert open_hours.sees("<b>Mallory</b> & <script> &lt;")


@pytest.mark.parametrize(
    "text",
    ["x" * 4096, "9:15 " * 800, "\u202e" * 300, "🦷" * 2000, "25 Nov\n" * 500, "%s {0} {name} \\"],
)
async def test_a_very_long_or_strange_line_is_answered(
    alice: ChatUser, open_hours: ChatUser, text: str
) -> None:
    await alice.sends("/book")
    before = len(alice.shown)
    await alice.sends(text)

    assert len(alice.shown) == before + 1
    await alice.sends("25 Nov 9:00")
    alice.last.shows("Held for you")


async def test_missed_notifications_are_sent_after_a_person_unblocks_the_bot(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    alice.person.blocks()
    await bot.settles()
    sent = len(bot.simulator.transcript.calls)
    await bot.advances(minutes=31)
    assert len(bot.simulator.transcript.calls) <= sent + 2
    await bot.advances(hours=1)
    assert len(bot.simulator.transcript.calls) <= sent + 2

    alice.person.unblocks()
    await bot.settles()
    alice.last.shows("Your hold has expired")
    await alice.sends("/book")
    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


@pytest.mark.parametrize("slip", ["/bok", "//", "/ 25 Nov"])
async def test_a_mistyped_command_ends_no_dialogue(
    alice: ChatUser, open_hours: ChatUser, slip: str
) -> None:
    await alice.sends("/book")
    await alice.sends(slip)
    await alice.sends("25 Nov 9:00")

    alice.last.shows("Held for you")


async def test_a_command_in_a_group_ends_no_private_dialogue(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    alice.person.sends_in(bot.simulator.group("Team"), "/help@another_bot")
    await bot.settles()
    await alice.sends("25 Nov 9:00")

    alice.last.shows("Held for you")


async def test_a_name_with_direction_marks_does_not_reorder_a_notification(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    mallory = bot.joins("\u202eyrollaM\u2066\x00", last_name="\u3164")
    await mallory.sends("/book")
    await mallory.taps("⚡ Wed 25 Nov, 09:00")
    await mallory.taps("Confirm")

    open_hours.last.shows("New booking from yrollaM:")


@pytest.mark.parametrize("text", ["cancel", "Stop", "abbrechen!"])
async def test_the_word_for_leaving_leaves_any_dialogue(
    alice: ChatUser, provider: ChatUser, text: str
) -> None:
    await provider.sends("/hours")
    await provider.sends(text)
    assert provider.last.text == "OK, stopped. Nothing has changed."
    assert provider.last.labels == ["My hours", "My agenda"]

    await alice.sends(text)
    assert alice.last.text.startswith("Nothing to stop")


@pytest.mark.parametrize("text", ["back", "Zurück"])
async def test_the_word_back_points_at_the_button_and_leaves_no_dialogue(
    alice: ChatUser, open_hours: ChatUser, text: str
) -> None:
    await alice.sends("/book")
    await alice.sends(text)
    alice.last.shows("tap “Back”")

    await alice.sends("25 Nov 9:15")
    alice.card.shows("Held for you")


@pytest.mark.parametrize("text", ["hi", "Hello!", "Hallo"])
async def test_a_greeting_is_greeted(alice: ChatUser, text: str) -> None:
    await alice.sends(text)

    alice.last.shows("Hello Alice!")


async def test_everyone_is_offered_what_fits_their_roles(
    admin: ChatUser, provider: ChatUser, alice: ChatUser
) -> None:
    for person, labels in (
        (admin, ["Invite someone", "Book a time", "My bookings"]),
        (provider, ["My hours", "My agenda"]),
        (alice, ["Book a time", "My bookings"]),
    ):
        await person.sends("what is this")
        assert person.last.text == (
            "Sorry, I didn't get that. Tap a button, type a day like “Fri 9:15”, or see /help."
        )
        assert person.last.labels == labels


async def test_a_refusal_that_names_a_command_has_its_button(
    admin: ChatUser, alice: ChatUser, open_hours: ChatUser
) -> None:
    await admin.sends("/hours")
    admin.last.shows(
        "You're not a provider yet. Create an invitation with /invite and open it yourself."
    )
    assert admin.last.labels == ["Invite someone"]
    await alice.sends("/hours")
    alice.last.shows("Only providers can do that")
    assert alice.last.labels == []
    await open_hours.sends("/start book_dora")
    assert open_hours.last.labels == ["My agenda"]


async def test_characters_no_database_stores_are_removed_from_typed_text(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    alice.person.sends("/start book_do\x00ra")
    await bot.settles()
    assert "25" in alice.buttons

    await alice.sends("/book")
    await alice.sends("em\x00il\ud83d")
    assert "25" in alice.buttons
    assert alice.sees("Emil")


async def test_removed_characters_do_not_split_the_words_of_a_reason(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.books("09:00")
    await open_hours.cancels_for_client(1, reason="I am ill\ud83d\x00, sorry")

    alice.last.shows("I am ill, sorry")
