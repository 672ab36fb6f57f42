"""Chats about inviting: whom, for which provider, the link, and what its opener becomes."""

import pytest

from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.raw_database import rows

pytestmark = pytest.mark.usually("sqlite")

CHOICES = [
    "A provider",
    "An assistant of a provider",
    "A provider without Telegram",
    "Move a provider to another account",
    "Another admin",
]
BUTTONS = ["ih", "ip", "ia", "in", "il:0", "is:1", "io:0", "iv:1", "ix:0", "iq:1:1", "id:1:1:1"]
"""Every button of this dialogue, as callback data."""
WORK = {"hours", "agenda", "link"}


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await add_provider(bot)


@pytest.fixture
def cara(bot: BotHarness) -> ChatUser:
    """Return a person who is about to open an invitation."""
    return bot.joins("Cara")


def menu(user: ChatUser) -> set[str]:
    return {command["command"] for command in user.bot.simulator.commands_for(user.person)}


def roles(bot: BotHarness) -> list[tuple[str, str, str]]:
    """Return who acts for whom: the person, the provider and the role."""
    return rows(
        bot.app.database.url,
        "SELECT person.name, provider.name, role FROM acts_for"
        " JOIN person ON person.id = person_id JOIN provider ON provider.id = provider_id"
        " ORDER BY provider.id, role DESC, person.id",
    )


async def invites(admin: ChatUser, *labels: str) -> str:
    """Tap through /invite; return the link."""
    await admin.sends("/invite")
    for label in labels:
        await admin.taps(label)
    return admin.link("?start=join_")


async def test_invite_asks_whom_to_add(admin: ChatUser, dora: ChatUser) -> None:
    await admin.sends("/invite")

    assert admin.card.text.startswith("Who do you want to add?\n")
    assert admin.buttons == CHOICES


async def test_without_a_provider_there_is_no_one_to_assist(admin: ChatUser) -> None:
    await admin.sends("/invite")

    assert admin.buttons == ["A provider", "A provider without Telegram", "Another admin"]


async def test_inviting_in_german(bot: BotHarness, dora: ChatUser) -> None:
    admin = bot.joins("Ada", id=ADMIN_ID, language_code="de")
    await admin.sends("/invite")
    assert admin.card.text.startswith("Wen möchtest du hinzufügen?\n")
    await admin.taps("Assistenz eines Anbieters")
    admin.card.shows("Wessen Assistenz?")
    await admin.taps("Dora")
    admin.last.shows("Einladung zur Assistenz von Dora", "bis Mo., 30. Nov., 10:00")
    jan = bot.joins("Jan", language_code="de")
    await jan.opens(admin.link("?start=join_"))

    jan.last.shows("Willkommen! Du bist jetzt Assistenz von Dora.")


async def test_a_provider_is_invited(bot: BotHarness, admin: ChatUser, cara: ChatUser) -> None:
    link = await invites(admin, "A provider")
    admin.last.shows("Send this privately to the new provider.", "until Mon 30 Nov, 10:00.")
    await cara.opens(link)
    await cara.taps("Keep Cara")
    await cara.taps("Keep Berlin")

    assert roles(bot) == [("Cara", "Cara", "self")]
    assert menu(cara) >= WORK


async def test_an_assistant_is_invited_and_works_for_the_provider(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser, alice: ChatUser
) -> None:
    link = await invites(admin, "An assistant of a provider", "Dora")
    admin.last.shows("Invitation to assist Dora", "Works once, until Mon 30 Nov, 10:00.")
    await cara.opens(link)
    cara.last.shows("Welcome! You're assisting Dora now.")
    assert cara.last.labels == ["Hours", "Agenda", "Link", "Settings"]
    assert roles(bot) == [("Dora", "Dora", "self"), ("Cara", "Dora", "assistant")]
    assert menu(cara) >= WORK

    await alice.books("09:15")
    cara.last.shows("New booking from Alice", "With: Dora")
    await cara.sends("/agenda")
    await cara.taps("Wed 25 Nov")
    cara.last.shows("Alice")
    await cara.sends("/start")
    cara.last.shows("You assist Dora")


async def test_a_provider_may_assist_another(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    emil = await add_provider(bot, "Emil")
    await emil.opens(await invites(admin, "An assistant of a provider", "Dora"))

    emil.last.shows("You're assisting Dora now.")
    assert emil.last.labels == ["My hours", "My agenda", "My link", "Settings"]
    assert ("Emil", "Dora", "assistant") in roles(bot)
    assert ("Emil", "Emil", "self") in roles(bot)
    await emil.sends("/start")
    emil.last.shows("Clients see you as Emil.", "You assist Dora")


async def test_the_providers_own_invitation_to_assist_themselves_changes_nothing(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    await dora.opens(await invites(admin, "An assistant of a provider", "Dora"))

    dora.last.shows("This link is for someone else, who becomes your assistant. Send it to them.")
    assert roles(bot) == [("Dora", "Dora", "self")]


async def test_an_assistant_leaves_a_second_link_for_the_same_provider_to_someone_else(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser, bob: ChatUser
) -> None:
    await cara.opens(await invites(admin, "An assistant of a provider", "Dora"))
    link = await invites(admin, "An assistant of a provider", "Dora")
    await cara.opens(link)
    cara.last.shows("You already work for Dora; this invitation is still good for someone else.")
    assert cara.last.labels == ["Hours"]
    await bob.opens(link)

    bob.last.shows("You're assisting Dora now.")


async def test_an_admin_leaves_the_link_for_an_admin_to_someone_else(
    bot: BotHarness, admin: ChatUser, cara: ChatUser, bob: ChatUser
) -> None:
    await cara.opens(await invites(admin, "Another admin"))
    link = await invites(admin, "Another admin")
    for one in (admin, cara):
        await one.opens(link)
        one.last.shows("You're already an admin; this invitation is still good for someone else.")
        assert one.last.labels == ["Invite someone"]
    await bob.opens(link)

    bob.last.shows("You're an admin now.")


async def test_a_link_for_a_role_one_has_is_refused_in_german(
    bot: BotHarness, dora: ChatUser
) -> None:
    admin = bot.joins("Ada", id=ADMIN_ID, language_code="de")
    await admin.opens(await invites(admin, "Weiteren Admin"))
    admin.last.shows("Du bist schon Admin; die Einladung gilt weiter für jemand anderen.")
    link = await invites(admin, "Assistenz eines Anbieters", "Dora")
    jan = bot.joins("Jan", language_code="de")
    await jan.opens(link)
    await jan.opens(await invites(admin, "Assistenz eines Anbieters", "Dora"))
    jan.last.shows("Du kümmerst dich schon um Dora; die Einladung gilt weiter")


async def test_an_admin_is_invited_for_a_day(
    bot: BotHarness, admin: ChatUser, cara: ChatUser
) -> None:
    link = await invites(admin, "Another admin")
    admin.last.shows("Invitation for an admin", "until Tue 24 Nov, 10:00.")
    await cara.opens(link)
    cara.last.shows("You're an admin now.")
    assert cara.last.labels == ["Invite someone"]
    assert "invite" in menu(cara)

    await bot.restarts()
    await cara.taps("Invite someone")
    cara.card.shows("Who do you want to add?")
    await cara.sends("/hours")
    cara.last.shows("You're not a provider yet. Create an invitation with /invite")
    assert cara.last.labels == ["Invite someone"]


async def test_an_invitation_for_an_admin_ends_after_a_day(
    bot: BotHarness, admin: ChatUser, cara: ChatUser
) -> None:
    link = await invites(admin, "Another admin")
    await bot.advances(days=1)
    await cara.opens(link)

    cara.last.shows("This invitation has expired.")
    assert "invite" not in menu(cara)


async def test_a_provider_without_telegram_is_added_by_name_and_the_admin_acts_for_them(
    bot: BotHarness, admin: ChatUser, alice: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    admin.card.shows("What name should clients see?")
    await admin.sends("Dr. Baker")
    admin.card.shows("✅ Dr. Baker is added, and you look after them for now.")
    assert admin.buttons == ["Hours", "Link", "Invite their assistant"]
    assert roles(bot) == [("Ada", "Dr. Baker", "assistant")]

    await admin.sends("/hours")
    await admin.sends("25 Nov 9-12")
    await admin.taps("Publish")
    await alice.books("09:15")
    admin.last.shows("New booking from Alice", "With: Dr. Baker")
    alice.card.shows("Dr. Baker")


async def test_an_added_provider_gets_an_assistant_and_later_an_account_of_their_own(
    bot: BotHarness, admin: ChatUser, cara: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    await admin.sends("Dr. Baker")
    await admin.taps("Invite their assistant")
    admin.last.shows("Invitation to assist Dr. Baker")
    await cara.opens(admin.link("?start=join_"))
    cara.last.shows("You're assisting Dr. Baker now.")

    baker = bot.joins("Bert")
    await baker.opens(await invites(admin, "Move a provider to another account", "Dr. Baker"))
    await baker.taps("Yes, that's me")
    baker.last.shows("You're all set, Dr. Baker.")
    assert roles(bot) == [
        ("Bert", "Dr. Baker", "self"),
        ("Ada", "Dr. Baker", "assistant"),
        ("Cara", "Dr. Baker", "assistant"),
    ]


@pytest.mark.parametrize(
    ("bad", "refusal"),
    [
        ("x" * 65, "Please use 1 to 64 characters."),
        ("\u200f \u200e", "Please use 1 to 64 characters."),
        ("Anna (anna)", "Type a name without them."),
    ],
)
async def test_a_bad_name_is_refused_and_the_next_one_accepted(
    bot: BotHarness, admin: ChatUser, bad: str, refusal: str
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    await admin.sends(bad)
    admin.card.shows(refusal)
    assert admin.buttons == ["Back"]
    assert roles(bot) == []

    await admin.sends("  Anna   Weber ")
    admin.card.shows("✅ Anna Weber is added")
    await admin.sends("Someone else")
    assert roles(bot) == [("Ada", "Anna Weber", "assistant")]


@pytest.mark.parametrize("typed", [(), ("x" * 65,)], ids=["at once", "after a bad name"])
async def test_back_leads_from_the_name_to_the_choices_and_the_next_line_adds_no_one(
    bot: BotHarness, admin: ChatUser, typed: tuple[str, ...]
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    for line in typed:
        await admin.sends(line)
    await admin.taps("Back")
    admin.card.shows("Who do you want to add?")
    await admin.sends("Dr. Baker")

    assert roles(bot) == []


async def test_the_new_account_of_a_provider_takes_over_and_the_old_one_does_not_act(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    link = await invites(admin, "Move a provider to another account", "Dora")
    admin.last.shows("New account for Dora", "Appointments and the public link stay.")
    new = bot.joins("Dora's new phone")
    await new.opens(link)
    await new.taps("Yes, that's me")
    new.last.shows("You're all set, Dora.")
    new.last.hides("Set your hours")
    assert roles(bot) == [("Dora's new phone", "Dora", "self")]

    await alice.books("10:00")
    new.last.shows("New booking from Alice")
    new.last.hides("With: Dora")
    assert not any("10:00" in message.text for message in dora.shown)
    await new.sends("/agenda")
    await new.taps("Wed 25 Nov")
    new.last.shows("2 appointments")
    await bot.settles()
    dora.last.shows("Dora has moved to another Telegram account.")
    assert dora.last.labels == ["Book a time", "My bookings"]
    assert not menu(dora) & WORK
    await dora.sends("/agenda")
    dora.last.shows("Only providers can do that")
    await alice.sends("/start book_dora")
    assert alice.card.text.startswith("Dora\n")


async def test_the_old_account_is_told_in_its_language_and_keeps_the_menu_of_its_other_roles(
    bot: BotHarness, admin: ChatUser, cara: ChatUser
) -> None:
    dora = await add_provider(bot, language_code="de")
    await add_provider(bot, "Emil")
    await dora.sends("/start")
    await dora.opens(await invites(admin, "An assistant of a provider", "Emil"))
    await cara.opens(await invites(admin, "Move a provider to another account", "Dora"))
    await cara.taps("Yes, that's me")
    await bot.settles()

    assert not cara.sees("moved")
    dora.last.shows("Dora ist auf ein anderes Telegram-Konto umgezogen.")
    assert dora.last.labels == ["Zeiten", "Kalender"]
    assert menu(dora) >= WORK


async def test_a_provider_who_opens_the_link_for_their_own_account_is_told_nothing(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    await dora.opens(await invites(admin, "Move a provider to another account", "Dora"))
    await bot.settles()

    dora.last.shows("You're already a provider; this invitation is still good for someone else.")
    assert not dora.sees("moved")
    assert roles(bot) == [("Dora", "Dora", "self")]


async def test_an_account_that_is_the_provider_again_is_not_told_that_it_was_not(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser
) -> None:
    await dora.sends("/start")
    dora.person.blocks()
    await bot.settles()
    await cara.opens(await invites(admin, "Move a provider to another account", "Dora"))
    await cara.taps("Yes, that's me")
    link = await invites(admin, "Move a provider to another account", "Dora")
    dora.person.unblocks()
    dora.person.taps_data(f"jt:{link.partition('join_')[2]}", dora.last.id)
    await bot.settles()

    assert not dora.sees("moved")
    cara.last.shows("Dora has moved to another Telegram account.")
    assert menu(dora) >= WORK
    assert not menu(cara) & WORK


async def test_another_provider_cannot_take_over(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser
) -> None:
    emil = await add_provider(bot, "Emil")
    link = await invites(admin, "Move a provider to another account", "Dora")
    await emil.opens(link)
    emil.last.shows("You're already a provider; this invitation is still good for someone else.")
    assert roles(bot) == [("Dora", "Dora", "self"), ("Emil", "Emil", "self")]

    await cara.opens(link)
    await cara.taps("Yes, that's me")
    cara.last.shows("You're all set, Dora.")


async def test_a_handover_asks_first_and_works_after_a_restart(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser
) -> None:
    await cara.opens(await invites(admin, "Move a provider to another account", "Dora"))
    cara.last.shows("This link makes your account Dora, with all appointments")
    assert "<b>Dora</b>" in cara.last.html
    assert cara.last.labels == ["Yes, that's me", "No"]
    assert roles(bot) == [("Dora", "Dora", "self")]
    assert not menu(cara) & WORK

    await bot.restarts()
    await cara.taps("Yes, that's me")
    cara.card.shows("You're all set, Dora.")
    assert roles(bot) == [("Cara", "Dora", "self")]
    assert menu(cara) >= WORK


async def test_who_declines_a_handover_leaves_the_link_to_the_right_person(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser, bob: ChatUser
) -> None:
    link = await invites(admin, "Move a provider to another account", "Dora")
    await bob.opens(link)
    question = bob.card
    await bob.taps("No")
    bob.card.shows("Nothing has changed. The link still works")
    assert bob.last.labels == ["Book a time", "My bookings"]
    assert roles(bot) == [("Dora", "Dora", "self")]

    await cara.opens(link)
    await cara.taps("Yes, that's me")
    assert roles(bot) == [("Cara", "Dora", "self")]
    await bob.taps_data(f"jt:{link.partition('join_')[2]}", question.id)
    assert "already been used" in bob.toast
    assert roles(bot) == [("Cara", "Dora", "self")]


async def test_a_handover_asked_about_in_german(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    jan = bot.joins("Jan", language_code="de")
    await jan.opens(await invites(admin, "Move a provider to another account", "Dora"))
    jan.last.shows("Mit diesem Link wird dein Konto zu Dora, mit allen Terminen")
    assert jan.last.labels == ["Ja, das bin ich", "Nein"]


async def test_a_handover_that_ends_before_the_answer_is_refused(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser
) -> None:
    await cara.opens(await invites(admin, "Move a provider to another account", "Dora"))
    await bot.advances(days=7)
    await cara.taps("Yes, that's me")

    assert "This invitation has expired." in cara.toast
    assert roles(bot) == [("Dora", "Dora", "self")]


async def test_an_assistant_who_takes_over_becomes_the_provider(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, bob: ChatUser
) -> None:
    await bob.opens(await invites(admin, "An assistant of a provider", "Dora"))
    await bob.opens(await invites(admin, "Move a provider to another account", "Dora"))
    assert ("Bob", "Dora", "assistant") in roles(bot)
    await bob.taps("Yes, that's me")

    assert roles(bot) == [("Bob", "Dora", "self")]


async def test_a_provider_cannot_take_themselves_over(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, cara: ChatUser
) -> None:
    link = await invites(admin, "Move a provider to another account", "Dora")
    await dora.opens(link)
    dora.last.shows("You're already a provider; this invitation is still good for someone else.")

    await cara.opens(link)
    await cara.taps("Yes, that's me")
    assert roles(bot) == [("Cara", "Dora", "self")]


@pytest.mark.parametrize("data", ["jt:", "jt:guessed", "jt:" + "x" * 61])
async def test_a_forged_handover_takes_over_no_one(
    bot: BotHarness, dora: ChatUser, cara: ChatUser, data: str
) -> None:
    await cara.sends("/start")
    await cara.taps_data(data, cara.card.id)

    assert "doesn't work" in cara.toast
    assert roles(bot) == [("Dora", "Dora", "self")]


@pytest.mark.parametrize(
    "labels",
    [
        ("A provider",),
        ("An assistant of a provider", "Dora"),
        ("Move a provider to another account", "Dora"),
        ("Another admin",),
    ],
    ids=lambda labels: labels[0],
)
async def test_every_invitation_works_once_and_opening_it_again_changes_nothing(
    bot: BotHarness,
    admin: ChatUser,
    dora: ChatUser,
    cara: ChatUser,
    bob: ChatUser,
    labels: tuple[str, ...],
) -> None:
    link = await invites(admin, *labels)
    await cara.opens(link)
    if "Move a provider to another account" in labels:
        await cara.taps("Yes, that's me")
    before, commands = roles(bot), menu(cara)
    await bob.opens(link)
    bob.last.shows("This invitation has already been used.")
    await cara.opens(link)
    assert "invitation" not in cara.last.text

    assert (roles(bot), menu(cara)) == (before, commands)
    assert not menu(bob) & {*WORK, "invite"}


async def test_the_providers_to_choose_from_are_paged(
    bot: BotHarness, admin: ChatUser, cara: ChatUser
) -> None:
    for number in range(10):
        await add_provider(bot, f"Doctor {number}", days=())
    await admin.sends("/invite")
    await admin.taps("An assistant of a provider")
    assert admin.buttons == [*(f"Doctor {n}" for n in range(8)), "1/2", "›", "Back"]
    await admin.taps("›")
    assert admin.buttons == ["Doctor 8", "Doctor 9", "‹", "2/2", "Back"]
    await admin.taps("‹")
    await admin.taps("›")
    await admin.taps("Doctor 9")
    admin.last.shows("Invitation to assist Doctor 9")
    await cara.opens(admin.link("?start=join_"))

    assert ("Cara", "Doctor 9", "assistant") in roles(bot)


@pytest.mark.parametrize("data", ["il:zzzzz", "io:zzzzz"])
async def test_a_forged_page_shows_the_last_one(admin: ChatUser, dora: ChatUser, data: str) -> None:
    await admin.sends("/invite")
    await admin.taps_data(data, admin.card.id)

    assert admin.buttons == ["Dora", "Back"]


@pytest.mark.parametrize("data", ["is:zzz", "iv:zzz", "is:0", "iv:0"])
async def test_a_forged_provider_is_unknown(admin: ChatUser, dora: ChatUser, data: str) -> None:
    await admin.sends("/invite")
    await admin.taps_data(data, admin.card.id)

    assert "I can't find that provider" in admin.toast
    assert not admin.sees("start=join_")


@pytest.mark.parametrize("data", BUTTONS)
async def test_a_forged_button_invites_no_one(
    bot: BotHarness, dora: ChatUser, cara: ChatUser, data: str
) -> None:
    for person in (cara, dora):
        await person.sends("/start")
        await person.taps_data(data, person.card.id)
        assert "Only an admin" in person.toast
        await person.sends("Dr. Baker")
        assert not person.sees("start=join_")

    assert roles(bot) == [("Dora", "Dora", "self")]
    assert rows(bot.app.database.url, "SELECT count(*) FROM invitation") == [(0,)]


async def test_someone_who_is_no_admin_any_more_cannot_finish(
    bot: BotHarness, admin: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    bot.settings = bot.settings.model_copy(update={"admin_ids": frozenset()})
    await bot.restarts()
    await admin.sends("Dr. Baker")

    admin.last.shows("Only an admin of this bot can do that.")
    assert roles(bot) == []
