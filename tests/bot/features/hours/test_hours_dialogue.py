"""Chats about adding hours: typed and tapped, previewed, published and undone."""

from datetime import date, timedelta

import pytest
from inline_snapshot import snapshot

from bot.buttons.hours import RemoveHours
from domain.timespan import TimeSpan
from domain.usecases.acting import own_provider
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin, live_in

pytestmark = pytest.mark.usually("sqlite")

UNKNOWN = "I can't find these hours any more. Start over with /hours."
PROVIDERS_ONLY = (
    "Only providers can do that. To become one, ask the person who runs this bot for an invitation."
)


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider in Berlin with open hours from 9:00 to 12:00 on 25 November 2026."""
    return await add_provider(bot)


async def open_hours_of(bot: BotHarness, provider: ChatUser) -> list[TimeSpan]:
    """Return all open hours of a provider from the database."""
    number = await provider.number()
    async with bot.app.database.transaction() as work:
        found = await own_provider(work, number)
        assert found is not None
        return list(await work.queries.open_hours(found.id, TimeSpan(0, 10**7)))


async def types(provider: ChatUser, line: str) -> None:
    """Open /hours and send a line."""
    await provider.sends("/hours")
    await provider.sends(line)


async def chooses_days(provider: ChatUser, *days: str) -> None:
    """Choose days of this month in the calendar and go on."""
    await provider.sends("/hours")
    await provider.taps("Choose days")
    for day in days:
        await provider.taps(day)
    await provider.taps("Next ›")


WEDNESDAY = TimeSpan(in_berlin(25, 9), in_berlin(25, 12))


async def test_hours_are_for_providers_only(dora: ChatUser, alice: ChatUser) -> None:
    for line in ("/hours", "/hours Thu 18-20"):
        await alice.sends(line)
        assert alice.last.text == f"⚠️ {PROVIDERS_ONLY}"
    for data in (
        "go:hours",
        "hh:0",
        "hn",
        "hd:20261125",
        "hv:1",
        "hp:1",
        "hx:1",
        "hu:1:a",
        RemoveHours(WEDNESDAY.start, WEDNESDAY.end, "a").pack(),
    ):
        await alice.taps_data(data, alice.last.id)
        assert alice.person.toasts[-1] == (PROVIDERS_ONLY, True)


async def test_the_first_screen_says_how_to_add_hours_and_lists_them(dora: ChatUser) -> None:
    await dora.sends("/hours")

    dora.card.shows("Friday 13 August 8am-3pm")
    assert dora.card.text.endswith(
        "Time zone: Berlin\nNot your time zone? Change it in /settings first."
    )
    assert dora.buttons == ["📅 Choose days", "Wed 25 Nov · 09:00–12:00"]


async def test_a_chosen_zone_is_not_asked_about(bot: BotHarness, dora: ChatUser) -> None:
    await live_in(dora, "Europe/Berlin")
    await dora.sends("/hours")

    assert dora.card.text.endswith("Time zone: Berlin")


async def test_typed_hours_are_previewed_published_and_undone_on_one_card(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "Friday 27 November 8am-3pm")

    assert str(dora.card) == snapshot("""\
Preview
Fri 27 Nov: 08:00–15:00

1 day, 28 slots

[✅ Publish] [Discard]
[Back]\
""")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]

    card = dora.card.id
    await dora.taps("Publish")

    assert str(dora.card) == snapshot("""\
✅ Published
Fri 27 Nov: 08:00–15:00

28 slots can be booked right now. Clients book at least 24 hours and at most 60 days ahead.

[Undo] [See hours]\
""")
    assert await open_hours_of(bot, dora) == [
        WEDNESDAY,
        TimeSpan(in_berlin(27, 8), in_berlin(27, 15)),
    ]

    await dora.taps("Undo")

    assert str(dora.card) == snapshot("""\
Undone
These hours are closed again:
Fri 27 Nov: 08:00–15:00

[📅 Choose days] [See hours]\
""")
    assert dora.card.id == card
    assert await open_hours_of(bot, dora) == [WEDNESDAY]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (
            "tomorrow 9-12 and 13-17",
            ["Tue 24 Nov: 09:00–12:00, 13:00–17:00", "28 slots", "24-hour clock"],
        ),
        (
            "Mon-Fri 9-17 next week",
            ["Mon–Fri, 30 Nov – 4 Dec: 09:00–17:00", "5 days, 160 slots"],
        ),
        (
            "next Fri 1-3pm",
            [
                "Fri 4 Dec: 13:00–15:00",
                "I read that as 13:00–15:00.",
                "I read “next Friday” as Friday, 4 December 2026.",
            ],
        ),
        ("2026-12-01 08:00-15:00", ["Tue 1 Dec: 08:00–15:00", "1 day, 28 slots"]),
        (
            "Friday 13 August 8am-3pm",
            ["Fri 13 Aug 2027: 08:00–15:00", "I added the year: Friday, 13 August 2027."],
        ),
        (
            "1.12. 20:00-24:00; 2.12. 0:00-1:00",
            ["Tue 1 Dec: 20:00–24:00", "Wed 2 Dec: 00:00–01:00", "20 slots"],
        ),
        (
            "28.3.2027 1:00-4:00",
            [
                "Sun 28 Mar 2027: 01:00–04:00",
                "8 slots",
                "change on Sunday, 28 March 2027, so that day is 1 hour shorter",
            ],
        ),
    ],
)
async def test_understood_hours_are_shown_as_a_preview(
    dora: ChatUser, line: str, seen: list[str]
) -> None:
    await types(dora, line)

    assert [part for part in seen if part not in dora.card.text] == []


async def test_hours_in_german(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await types(dora, "Freitag 27. November 8-15 Uhr")

    dora.card.shows("Vorschau", "1 Tag, 28 freie Zeiten")
    await dora.taps("Veröffentlichen")
    dora.card.shows("28 freie Zeiten sind ab sofort buchbar")
    await dora.taps("Rückgängig")
    dora.card.shows("Rückgängig gemacht")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("hello there", "I didn't get “hello there”."),
        ("9-17", "Which day?"),
        ("tomorrow 9", "until when?"),
        ("tomorrow 22-2", "For hours past midnight"),
        ("tomorrow 9-9", "Start and end are both 09:00. Type a later end."),
        ("tomorrow 25-26", "isn't a time"),
        ("1.2.2020 9-12", "has passed"),
        ("yesterday 9-12", "Sunday, 22 November 2026 has passed."),
        ("gestern", "Sunday, 22 November 2026 has passed."),
        ("every monday 9-5", "I can't repeat hours every week yet."),
        ("jeden Montag 9-17", "I can't repeat hours every week yet."),
        ("mondays 9-12", "I can't repeat hours every week yet."),
        ("31.2.2027 9-12", "That date doesn't exist"),
        ("Mon-Sun 9-17 from 1.12.2026 to 31.12.2028", "I can add 400 at once"),
        ("tomorrow 9-12 " * 80, "Too long"),
        ("<b>9-12</b> & more", "</b> & more”"),
        ("31.12.9999 8-24", "more than 5 years ahead"),
    ],
)
async def test_unreadable_hours_are_explained_and_nothing_is_lost(
    dora: ChatUser, line: str, answer: str
) -> None:
    await types(dora, line)

    assert answer in dora.last.text
    await dora.sends("27 Nov 8:00-15:00")
    dora.card.shows("Fri 27 Nov: 08:00–15:00")
    assert "Publish" in dora.buttons[0]


async def test_hours_not_understood_are_answered_with_examples(dora: ChatUser) -> None:
    await types(dora, "whenever you like")

    dora.last.shows("tomorrow 9-12 and 13-17")


async def test_a_weekday_that_contradicts_its_date_is_asked_about(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "Saturday 1 December 8:00-9:00")

    dora.last.shows("Tuesday, 1 December 2026 isn't a Saturday")
    assert dora.buttons == ["Tue 1 Dec, 08:00–09:00", "Sat 28 Nov, 08:00–09:00"]
    await bot.restarts()
    await dora.taps("Sat 28 Nov, 08:00–09:00")
    dora.card.shows("Sat 28 Nov: 08:00–09:00")
    await dora.taps("Publish")
    assert TimeSpan(in_berlin(28, 8), in_berlin(28, 9)) in await open_hours_of(bot, dora)


async def test_weekly_hours_lead_to_the_calendar(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await types(dora, "jeden Montag 9-17")
    assert dora.last.text.startswith("Wöchentlich wiederholen kann ich noch nicht.")

    await dora.taps("Tage wählen")
    dora.card.shows("Welche Tage?")


async def test_days_without_hours_are_asked_for_them(bot: BotHarness, dora: ChatUser) -> None:
    await types(dora, "Friday and Saturday")
    assert dora.card.text == "Fri 27 Nov · Sat 28 Nov: what hours? For example, “9-17”."
    assert dora.buttons == ["Back"]

    await bot.restarts()
    await dora.sends("9-17")
    dora.card.shows("Fri 27 Nov: 09:00–17:00\nSat 28 Nov: 09:00–17:00")
    await dora.taps("Publish")
    assert len(await open_hours_of(bot, dora)) == 3


async def test_days_without_hours_are_asked_for_them_outside_any_dialogue(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await dora.sends("Freitag")
    dora.card.shows("Fr., 27. Nov.: von wann bis wann? Zum Beispiel „9-17“.")
    await dora.sends("9-12 und 13-17")

    dora.card.shows("Fr., 27. Nov.: 09:00–12:00, 13:00–17:00")


async def test_another_typed_day_replaces_the_first_and_nonsense_does_not(
    dora: ChatUser,
) -> None:
    await types(dora, "Friday")
    await dora.sends("Saturday")
    await dora.sends("when it suits")
    dora.last.shows("I didn't get")
    await dora.sends("9-17")

    dora.card.shows("Sat 28 Nov: 09:00–17:00")
    dora.card.hides("27 Nov")


@pytest.mark.parametrize(
    ("line", "label", "seen"),
    [
        ("Mon-Fri 9-17 next week", None, "Mon–Fri, 30 Nov – 4 Dec: 09:00–17:00"),
        ("Fri 9-5", "Fri 27 Nov, 09:00–17:00", "Fri 27 Nov: 09:00–17:00"),
        ("Saturday 1 December 8-9", "Sat 28 Nov, 08:00–09:00", "Sat 28 Nov: 08:00–09:00"),
    ],
)
@pytest.mark.parametrize("steps", [("Thursday",), ("Thursday", "8:00"), ("/hours", "Wed 25 Nov")])
async def test_a_full_phrase_wins_over_the_question_that_is_open(
    dora: ChatUser, steps: tuple[str, ...], line: str, label: str | None, seen: str
) -> None:
    for step in steps:
        await (dora.taps(step) if step.startswith("Wed") else dora.sends(step))
    await dora.sends(line)
    if label:
        await dora.taps(label)

    assert seen in dora.card.text
    dora.card.hides("26 Nov")


async def test_a_full_phrase_wins_over_the_question_in_german(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await dora.sends("Donnerstag")
    await dora.sends("Fr 9-5")
    dora.card.shows("09:00–17:00")

    await dora.taps("Fr., 27. Nov., 09:00–17:00")
    dora.card.shows("Fr., 27. Nov.: 09:00–17:00")


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("Thu 18-20", "Thu 26 Nov: 18:00–20:00"),
        ("Do 18-20 Uhr", "Thu 26 Nov: 18:00–20:00"),
        ("Thu", "Thu 26 Nov: what hours?"),
        ("18-20", "Which day?"),
        ("whenever", "I didn't get “whenever”."),
        ("\u2060", "Your hours"),
    ],
)
async def test_hours_behind_the_command_are_read_as_if_typed_below_it(
    dora: ChatUser, line: str, seen: str
) -> None:
    await dora.sends(f"/hours {line}")
    assert seen in dora.last.text

    await dora.sends("Fri 27 Nov 8:00-9:00")
    dora.card.shows("Fri 27 Nov: 08:00–09:00")


async def test_a_day_too_far_ahead_is_not_asked_about(dora: ChatUser) -> None:
    await types(dora, "1.1.2099")

    dora.last.shows("more than 5 years ahead")


async def test_hours_typed_below_the_calendar_are_those_of_the_chosen_days(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    for day in ("26", "27"):
        await dora.taps(day)
    await dora.sends("never mind")
    dora.last.shows("I didn't get")
    await bot.restarts()
    await dora.sends("9-12 and 13-17")

    dora.card.shows(
        "Thu 26 Nov: 09:00–12:00, 13:00–17:00\nFri 27 Nov: 09:00–12:00, 13:00–17:00",
        "24-hour clock",
    )


async def test_hours_that_end_too_early_are_corrected_on_the_chosen_days(dora: ChatUser) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    await dora.taps("27")
    await dora.sends("9-5")
    assert dora.card.text == "Did you mean 09:00–17:00?"

    await dora.taps("Fri 27 Nov, 09:00–17:00")
    dora.card.shows("Fri 27 Nov: 09:00–17:00")


async def test_hours_typed_below_a_calendar_with_no_day_chosen_lack_one(dora: ChatUser) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    await dora.sends("9-17")
    dora.last.shows("Which day?")

    await dora.sends("1 Dec 8:00-9:00")
    dora.card.shows("Tue 1 Dec: 08:00–09:00")


async def test_a_tapped_time_has_no_note_on_reading(dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await dora.sends("8-12")
    dora.card.shows("24-hour clock")
    await dora.taps("Back")
    await dora.taps("14:00")

    dora.card.shows("Fri 27 Nov: 08:00–14:00")
    dora.card.hides("24-hour clock")


async def test_an_end_before_the_start_is_offered_in_the_afternoon(dora: ChatUser) -> None:
    await types(dora, "1.12. 9-3")
    assert dora.card.text == "Did you mean 09:00–15:00?"
    assert dora.buttons == ["Tue 1 Dec, 09:00–15:00"]
    await dora.taps("Tue 1 Dec, 09:00–15:00")

    dora.card.shows("Tue 1 Dec: 09:00–15:00")


async def test_hours_off_the_grid_are_refused_with_the_nearest_hours_inside(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "tomorrow 9:34-12:10")

    dora.card.shows("quarter-hours")
    assert dora.buttons[0] == "Tue 24 Nov, 09:45–12:00"
    assert not [label for label in dora.buttons if "Publish" in label]
    await dora.taps("Tue 24 Nov, 09:45–12:00")
    await dora.taps("Publish")
    assert TimeSpan(in_berlin(24, 9, 45), in_berlin(24, 12)) in await open_hours_of(bot, dora)


async def test_hours_with_no_quarter_inside_have_no_suggestion(dora: ChatUser) -> None:
    await types(dora, "tomorrow 9:01-9:14")

    dora.card.shows("quarter-hours")
    assert dora.buttons == ["Back"]


async def test_hours_that_the_clocks_skip_are_refused_and_can_be_changed(dora: ChatUser) -> None:
    await types(dora, "28 March 2027 2:00-3:00")
    dora.card.shows("The clocks skip that time")
    assert dora.buttons == ["Back"]

    await dora.taps("Back")
    await dora.sends("2:00-4:00")
    dora.card.shows("Sun 28 Mar 2027: 03:00–04:00")


async def test_hours_that_have_begun_are_refused_with_the_rest(dora: ChatUser) -> None:
    await types(dora, "today 8:00-12:00")

    assert dora.card.text.startswith("⚠️ Part of that is already past. Choose later hours.\n\n")
    assert dora.buttons[0] == "Mon 23 Nov, 10:00–12:00"


@pytest.mark.parametrize(
    ("line", "next_week"),
    [
        ("Mon-Fri 9-17", "Mon–Fri, 30 Nov – 4 Dec: 09:00–17:00"),
        ("23.11.-27.11. 9-17", "Mon–Fri, 30 Nov – 4 Dec: 09:00–17:00"),
        (
            "Mon, Wed, Fri 9-17 23.11.-27.11.",
            "Mon 30 Nov: 09:00–17:00\nWed 2 Dec: 09:00–17:00\nFri 4 Dec: 09:00–17:00",
        ),
        ("today 9-17", "Fri 4 Dec: 09:00–17:00"),
        ("today 9:05-17:00", "Fri 4 Dec: 09:15–17:00"),
    ],
)
async def test_past_hours_are_offered_for_the_next_week(
    bot: BotHarness, dora: ChatUser, line: str, next_week: str
) -> None:
    await bot.advances(days=4, hours=9)
    await types(dora, line)
    assert dora.card.text == "⚠️ That's past. Next week instead?"
    assert dora.buttons == ["Next week", "Back"]

    await bot.restarts()
    await dora.taps("Next week")
    dora.card.shows(f"Preview\n{next_week}\n\n")
    await dora.taps("Publish")
    assert next_week in dora.card.text


async def test_past_hours_are_offered_for_the_next_week_in_german(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await bot.advances(days=4, hours=9)
    await dora.sends("Mo-Fr 9-17")
    assert dora.card.text == "⚠️ Das ist schon vorbei. Stattdessen nächste Woche?"

    await dora.taps("Nächste Woche")
    dora.card.shows("Mo–Fr, 30. Nov. – 4. Dez.: 09:00–17:00")


async def test_a_preview_that_has_passed_is_offered_for_the_next_week(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "tomorrow 9-17")
    await bot.advances(days=9)
    await dora.taps("Publish")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]

    await dora.taps("Next week")
    dora.card.shows("Tue 8 Dec: 09:00–17:00")


async def test_one_suggestion_corrects_hours_both_off_the_grid_and_past(dora: ChatUser) -> None:
    await types(dora, "today 8:05-12:05")
    await dora.taps("Mon 23 Nov, 10:00–12:00")

    dora.card.shows("Mon 23 Nov: 10:00–12:00")


async def test_publishing_an_old_preview_is_refused_once_its_time_has_come(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "today 11:00-13:00")
    await bot.advances(hours=1, minutes=20)
    await dora.taps("Publish")

    dora.card.shows("Part of that is already past.")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]
    await dora.taps("Mon 23 Nov, 11:30–13:00")
    await dora.taps("Publish")
    assert await open_hours_of(bot, dora) == [
        TimeSpan(in_berlin(23, 11, 30), in_berlin(23, 13)),
        WEDNESDAY,
    ]


async def test_hours_open_already_are_named_and_not_added_twice(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "25 Nov 10:00-14:00")
    assert str(dora.card) == snapshot("""\
Preview
Wed 25 Nov: 10:00–14:00

1 day, 16 slots

Already open:
Wed 25 Nov: 10:00–12:00

[✅ Publish] [Discard]
[Back]\
""")
    await dora.taps("Publish")
    assert str(dora.card) == snapshot("""\
✅ Published
Wed 25 Nov: 12:00–14:00

8 slots can be booked right now. Clients book at least 24 hours and at most 60 days ahead.

[Undo] [See hours]\
""")
    assert await open_hours_of(bot, dora) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 14))]

    await types(dora, "25 Nov 10:00-14:00")
    assert str(dora.card) == snapshot("""\
Preview
Wed 25 Nov: 10:00–14:00

1 day, 16 slots

These hours are already open.

[See hours] [Back]\
""")
    number = str(dora.card.buttons[-1].data).split(":")[1]
    await dora.taps_data(f"hp:{number}", dora.card.id)
    dora.card.shows("Nothing changed")
    assert "Undo" not in dora.buttons


async def test_undo_keeps_hours_open_before(bot: BotHarness, dora: ChatUser) -> None:
    await types(dora, "25 Nov 10:00-14:00")
    await dora.taps("Publish")
    await dora.taps("Undo")

    assert await open_hours_of(bot, dora) == [WEDNESDAY]


async def test_discarding_adds_nothing_and_leads_back(bot: BotHarness, dora: ChatUser) -> None:
    await types(dora, "27 Nov 10:00-14:00")
    await dora.taps("Discard")

    assert dora.card.text == "Discarded\nYour hours haven't changed."
    await dora.taps("See hours")
    assert dora.buttons == ["📅 Choose days", "Wed 25 Nov · 09:00–12:00"]
    assert await open_hours_of(bot, dora) == [WEDNESDAY]


async def test_double_taps_do_no_more_than_one(bot: BotHarness, dora: ChatUser) -> None:
    await types(dora, "27 Nov 10:00-14:00")
    once = TimeSpan(in_berlin(27, 10), in_berlin(27, 14))
    dora.person.taps("Publish")
    await dora.taps("Publish")
    dora.card.shows("Published")
    assert await open_hours_of(bot, dora) == [WEDNESDAY, once]

    dora.person.taps("Undo")
    await dora.taps("Undo")
    dora.card.shows("Undone")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]

    await types(dora, "27 Nov 10:00-14:00")
    dora.person.taps("Discard")
    await dora.taps("Discard")
    dora.card.shows("Discarded")


async def test_old_buttons_show_what_became_of_the_draft(bot: BotHarness, dora: ChatUser) -> None:
    await types(dora, "27 Nov 10:00-14:00")
    draft = dora.card.buttons[0].data
    assert draft is not None
    number = draft.partition(":")[2]
    await dora.taps("Discard")
    for data in (
        f"hp:{number}",
        f"hu:{number}:a",
        f"hv:{number}",
        f"hm:{number}:20261201",
        f"ht:{number}:20261201:1",
        f"he:{number}:0:60",
    ):
        await dora.taps_data(data, dora.card.id)
        dora.card.shows("Discarded")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]


async def test_days_are_chosen_across_months_then_start_and_end(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    assert str(dora.card) == snapshot("""\
Which days?
Tap every day you want; they all get the same hours.
No days chosen yet.

[·] [November 2026] [›]
[Mo] [Tu] [We] [Th] [Fr] [Sa] [Su]
[23] [24] [25] [26] [27] [28] [29]
[30] [·] [·] [·] [·] [·] [·]
[Back]\
""")
    await dora.taps("27")
    await dora.taps("›")
    await dora.taps("3")
    assert str(dora.card) == snapshot("""\
Which days?
Tap every day you want; they all get the same hours.
2 days chosen.

[‹] [December 2026] [›]
[Mo] [Tu] [We] [Th] [Fr] [Sa] [Su]
[·] [1] [2] [✅ 3] [4] [5] [6]
[7] [8] [9] [10] [11] [12] [13]
[14] [15] [16] [17] [18] [19] [20]
[21] [22] [23] [24] [25] [26] [27]
[28] [29] [30] [31] [·] [·] [·]
[Next ›]
[Back]\
""")
    await dora.taps("‹")
    assert "✅ 27" in dora.buttons
    await dora.taps("Next ›")
    dora.card.shows("Fri 27 Nov · Thu 3 Dec")
    await dora.taps("08:00")
    dora.card.shows("From 08:00 until when?")
    await dora.taps("15:00")

    dora.card.shows("Fri 27 Nov: 08:00–15:00\nThu 3 Dec: 08:00–15:00")
    await dora.taps("Publish")
    assert await open_hours_of(bot, dora) == [
        WEDNESDAY,
        TimeSpan(in_berlin(27, 8), in_berlin(27, 15)),
        TimeSpan(in_berlin(3, 8, month=12), in_berlin(3, 15, month=12)),
    ]


async def test_every_step_of_tapping_goes_on_after_a_restart(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/hours")
    for label in ("Choose days", "27", "Next ›", "08:00", "15:00", "Publish"):
        await bot.restarts()
        await dora.taps(label)

    assert TimeSpan(in_berlin(27, 8), in_berlin(27, 15)) in await open_hours_of(bot, dora)


async def test_typed_times_go_on_after_a_restart(bot: BotHarness, dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await bot.restarts()
    await dora.sends("9:15")
    await bot.restarts()
    await dora.sends("12:45")

    dora.card.shows("Fri 27 Nov: 09:15–12:45")


async def test_a_double_tap_on_a_day_chooses_it_once(dora: ChatUser) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    dora.person.taps("27")
    await dora.taps("27")
    assert "✅ 27" in dora.buttons

    await dora.taps("✅ 27")
    assert "27" in dora.buttons


async def test_back_leads_from_the_preview_to_the_days_and_out(dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await dora.taps("08:00")
    await dora.taps("15:00")
    await dora.taps("Back")
    dora.card.shows("From 08:00 until when?")
    await dora.taps("Back")
    dora.card.shows("From when?")
    await dora.taps("Back")
    assert "✅ 27" in dora.buttons
    await dora.taps("26")
    await dora.taps("Next ›")
    await dora.taps("10:00")
    await dora.taps("11:00")
    dora.card.shows("Thu 26 Nov: 10:00–11:00\nFri 27 Nov: 10:00–11:00")
    for _ in range(4):
        await dora.taps("Back")
    dora.card.shows("Your hours")


async def test_a_late_tap_on_publish_cannot_post_days_that_were_not_previewed(
    bot: BotHarness, dora: ChatUser
) -> None:
    await chooses_days(dora, "27")
    await dora.taps("08:00")
    await dora.taps("15:00")
    publish = next(button.data for button in dora.card.buttons if "Publish" in button.text)
    for _ in range(3):
        await dora.taps("Back")
    await dora.taps("26")
    await dora.taps_data(str(publish), dora.card.id)

    dora.card.shows("From when?")
    assert await open_hours_of(bot, dora) == [WEDNESDAY]


async def test_for_today_alone_only_starts_to_come_are_shown(dora: ChatUser) -> None:
    await chooses_days(dora, "23")

    assert dora.buttons[0] == "10:00"


async def test_a_typed_span_is_read_as_start_and_end(dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await dora.sends("8am-3pm")

    dora.card.shows("Fri 27 Nov: 08:00–15:00")


async def test_days_with_hours_typed_between_the_steps_are_previewed(dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await dora.sends("1 Dec 8:00-9:00")

    dora.card.shows("Tue 1 Dec: 08:00–09:00")
    dora.card.hides("27 Nov")


async def test_a_typed_start_off_the_grid_is_refused_with_the_next_quarter(dora: ChatUser) -> None:
    await chooses_days(dora, "27")
    await dora.sends("9:34")

    dora.last.shows("quarter-hours")
    assert dora.buttons == ["09:45"]
    await dora.taps("09:45")
    dora.card.shows("From 09:45 until when?")


@pytest.mark.parametrize("line", ["24:00", "23:50"])
async def test_a_start_that_leaves_nothing_of_the_day_is_refused(dora: ChatUser, line: str) -> None:
    await chooses_days(dora, "27")
    await dora.sends(line)
    dora.last.shows("close to midnight")
    await dora.sends("23:45")
    dora.card.shows("From 23:45 until when?")


@pytest.mark.parametrize(
    ("line", "answer", "offered"),
    [
        ("15:07", "quarter-hours", "15:00"),
        ("3", "after 09:00", "15:00"),
        ("9:00", "after 09:00", "21:00"),
        ("8am", "after 09:00", None),
        ("9:10", "after 09:00", None),
        ("soon", "I didn't get “soon”", None),
        ("25:00", "isn't a time", None),
        ("12-9", "Did you mean 12:00–21:00?", "Fri 27 Nov, 12:00–21:00"),
        ("22-9", "For hours past midnight", None),
    ],
)
async def test_an_unusable_end_is_answered_with_the_nearest(
    dora: ChatUser, line: str, answer: str, offered: str | None
) -> None:
    await chooses_days(dora, "27")
    await dora.taps("09:00")
    await dora.sends(line)

    assert answer in dora.last.text
    assert [button.text for button in dora.last.buttons] == ([offered] if offered else [])
    await dora.sends("12:30")
    dora.card.shows("Fri 27 Nov: 09:00–12:30")


@pytest.mark.parametrize("line", ["24:00", "midnight", "0:00", "24"])
async def test_an_end_at_midnight_is_the_end_of_the_day(dora: ChatUser, line: str) -> None:
    await chooses_days(dora, "27")
    await dora.taps("20:00")
    await dora.sends(line)

    dora.card.shows("Fri 27 Nov: 20:00–24:00")


@pytest.mark.parametrize("month", ["20260101", "20991231", "20261001", "20400615"])
async def test_a_forged_month_shows_the_nearest_that_can_be_chosen(
    dora: ChatUser, month: str
) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    await dora.taps_data(f"hm:1:{month}", dora.card.id)

    dora.card.shows("Which days?")
    assert [label for label in dora.buttons if label in {"November 2026", "December 2027"}]


@pytest.mark.parametrize("day", ["20260101", "20991231", "20261122", "20280615"])
async def test_a_forged_day_is_not_chosen(dora: ChatUser, day: str) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    await dora.taps_data(f"ht:1:{day}:1", dora.card.id)

    assert "is past or too far ahead" in dora.toast
    dora.card.shows("No days chosen yet")


async def test_the_last_day_of_the_calendar_can_be_chosen_and_the_next_cannot(
    dora: ChatUser,
) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    last = date(2026, 11, 23) + timedelta(days=399)
    await dora.taps_data(f"ht:1:{last + timedelta(days=1):%Y%m%d}:1", dora.card.id)
    dora.card.shows("No days chosen yet")
    await dora.taps_data(f"ht:1:{last:%Y%m%d}:1", dora.card.id)
    dora.card.shows("1 day chosen")


@pytest.mark.parametrize(
    "data",
    [
        "hs:1:1440",
        "hs:1:99999999999",
        "he:1:600:600",
        "he:1:600:540",
        "he:1:0:1441",
        "hi:1",
        "hs:1:0",
    ],
)
async def test_forged_times_change_nothing(dora: ChatUser, data: str) -> None:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    await dora.taps_data(data, dora.card.id)
    dora.card.shows("Which days?")

    await dora.taps("27")
    await dora.taps_data("he:1:7:60", dora.card.id)
    assert dora.buttons[0] == "Fri 27 Nov, 00:15–01:00"


@pytest.mark.parametrize(
    "data",
    [
        "hv:{}",
        "hp:{}",
        "hx:{}",
        "hu:{}:k",
        "hm:{}:20261201",
        "ht:{}:20261201:1",
        "hi:{}",
        "hs:{}:60",
        "he:{}:60:90",
    ],
)
async def test_other_providers_drafts_do_not_exist(
    bot: BotHarness, dora: ChatUser, data: str
) -> None:
    eve = await add_provider(bot, "Eve")
    await types(dora, "27 Nov 10:00-14:00")
    await eve.sends("/hours")
    for number in (1, 2**51):
        await eve.taps_data(data.format(number), eve.last.id)
        assert eve.person.toasts[-1] == (UNKNOWN, True)
    await dora.taps("Publish")
    dora.card.shows("Published")


async def test_four_hundred_days_can_be_published_and_undone_at_once(
    bot: BotHarness, dora: ChatUser
) -> None:
    await types(dora, "every day 9-17 from 23.11.2027 to 26.12.2028")
    dora.card.shows("400 days, 12800 slots", "Daily, 23 Nov 2027 – 26 Dec 2028: 09:00–17:00\n")
    await dora.taps("Publish")
    assert len(await open_hours_of(bot, dora)) == 401
    await dora.taps("See hours")
    dora.card.shows("open on 401 days")
    assert "1/41" in dora.buttons


async def test_slots_within_the_notice_period_are_not_called_bookable(dora: ChatUser) -> None:
    await types(dora, "24 Nov 9:00-11:00")
    await dora.taps("Publish")

    dora.card.shows(
        "4 slots can be booked right now. Clients book at least 24 hours and at most 60 days ahead."
    )


async def test_hours_that_are_all_too_far_ahead_or_too_soon_say_so(
    dora: ChatUser,
) -> None:
    await types(dora, "1 March 2027 9:00-11:00")
    await dora.taps("Publish")
    dora.card.shows("\nNot bookable yet: clients can book up to 60 days ahead.")

    await types(dora, "today 11:00-12:00")
    await dora.taps("Publish")
    dora.card.shows("\nToo soon to book: clients book at least 24 hours ahead.")
    dora.card.hides("0 slots")


async def test_days_are_not_counted_if_all_of_them_are_listed(dora: ChatUser) -> None:
    await types(dora, "Mon-Fri 9:00-17:00 next week")
    dora.card.hides("5 days: ")
    await types(dora, "every day 9:00-17:00 1.12.-30.12.")
    dora.card.hides("30 days: ")
    await types(dora, "every day 9:00-17:00 1.12.-30.12.; 3.12. 18:00-19:00")
    dora.card.shows("30 days: Tuesday, 1 December 2026 – Wednesday, 30 December 2026.")


async def test_tapped_hours_open_already_lead_back_to_the_times(dora: ChatUser) -> None:
    await chooses_days(dora, "25")
    await dora.taps("09:00")
    await dora.taps("12:00")

    assert dora.buttons == ["See hours", "Back"]
    await dora.taps("Back")
    dora.card.shows("From 09:00 until when?")


async def test_undo_asks_about_bookings_that_came_in_between(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await types(dora, "27 Nov 10:00-14:00")
    await dora.taps("Publish")
    await alice.books("11:00", day="27")
    await dora.taps("Undo", message=next(m for m in dora.shown if "Published" in m.text))

    asked = next(m for m in dora.shown if "1 booking in these hours" in m.text)
    assert "Alice: Fri 27 Nov, 11:00" in asked.text
    await dora.taps("Back", message=asked)
    assert "Published" in asked.text
    await dora.taps("Undo", message=asked)
    await dora.taps("Cancel it", message=asked)

    assert "Undone" in asked.text
    assert dora.toast == "1 booking cancelled, client notified."
    assert dora.toast in asked.text
    assert await open_hours_of(bot, dora) == [WEDNESDAY]
    assert alice.sees("cancelled your appointment")


async def test_typed_hours_are_in_the_chosen_zone(bot: BotHarness, dora: ChatUser) -> None:
    await live_in(dora, "America/New_York")
    await types(dora, "27 Nov 4:00-5:00")
    dora.card.shows("Fri 27 Nov: 04:00–05:00", "New York time")
    await dora.taps("Publish")
    assert TimeSpan(in_berlin(27, 10), in_berlin(27, 11)) in await open_hours_of(bot, dora)
