"""The screens of first contact, joining and settings: their texts, their buttons, their size."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bot.buttons.invite import AssistantsOf, InviteAssistant
from bot.buttons.people import ChooseLanguage, ChooseZone, JoinZone, Open, SettingsHome
from bot.features.account.joining_screens import (
    admin_joined,
    assistant_joined,
    joined,
    name_question,
    zone_question,
)
from bot.features.account.link_screens import (
    provider_link,
    qr_caption,
    unknown_link,
    whose_link,
)
from bot.features.account.settings_screens import (
    back,
    language_settings,
    name_settings,
    page_with,
    settings_home,
    zone_settings,
)
from bot.features.account.start_screens import (
    back_hint,
    dialogue_left,
    greeting,
    help_text,
    privacy,
)
from bot.features.account.zone_screens import MOST_MATCHES, city, unknown_zone, zone_matches
from bot.features.invite.screens import (
    invitation,
    name_wanted,
    provider_added,
    which_provider,
    whom,
)
from bot.features.invite.state import ROWS_PER_PAGE
from bot.messages.screen import Screen
from bot.parsing.zones.find_zones import COMMON_ZONES, find_zones
from bot.parsing.zones.zone_table import countries
from bot.ui.command_menu import Roles, commands_for
from bot.ui.locale import UserLocale
from bot.ui.texts import LANGUAGES, texts_in
from domain.invitation import InvitationKind
from domain.person import NAME_LIMIT
from domain.provider import SLUG_LIMIT, Acting, Provider, Role
from tests.kit.screens import button_data, labels, locale_in

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOLD = timedelta(minutes=30)
DORA = Provider(1, "Dr. <Dora> & Co", "dora")
WIDEST = Provider(1, "&" * NAME_LIMIT, "d" * SLUG_LIMIT, shares_name=True)
LONGEST_ZONE = max(countries(), key=len)
LINK = "https://t.me/slotkeeper_bot?start=book_dora"
CAPTION_LIMIT, TEXT_LIMIT, MOST_BUTTONS, WIDEST_ROW, MENU_LIMIT = 1024, 4096, 100, 8, 100
# What a text that is missing in a catalogue shows instead.
KEY = re.compile(
    r"\b(button|cancel|help|invite|joining|link|menu|privacy|settings|start|zones)\.[a-z_.]+\b"
)
SELF, ASSISTED = Acting(WIDEST, Role.SELF), Acting(WIDEST, Role.ASSISTANT)
ROLES = [
    Roles(acting, admin=admin)
    for acting, admin in product(((), (SELF,), (ASSISTED,), (SELF, *[ASSISTED] * 3)), (False, True))
]
PROVIDER = Roles((Acting(DORA, Role.SELF),))


def every_screen(by: UserLocale) -> list[Screen]:
    found = find_zones("America", limit=MOST_MATCHES)
    return [
        *(
            greeting(by, WIDEST.name, roles, zone_chosen=chosen, has_hours=open_hours)
            for open_hours in (False, True)
            for roles in ROLES
            for chosen in (True, False)
        ),
        *(help_text(by, roles, HOLD) for roles in ROLES),
        privacy(by),
        *(dialogue_left(by, roles, left=left) for roles in ROLES for left in (True, False)),
        back_hint(by),
        provider_link(by, LINK),
        provider_link(by, LINK, WIDEST),
        unknown_link(by),
        whose_link(by, [WIDEST] * 3),
        whom(by, any_provider=True),
        which_provider(
            by,
            "invite.whose_assistant",
            [WIDEST] * ROWS_PER_PAGE,
            choose=InviteAssistant,
            turn=AssistantsOf,
            page=1,
            pages=3,
        ),
        *(invitation(by, kind, LINK, NOW, WIDEST) for kind in InvitationKind),
        name_wanted(by),
        *(provider_added(by, WIDEST, roles) for roles in ROLES),
        name_question(by, WIDEST, nameless=False),
        name_question(by, WIDEST, nameless=True),
        *(assistant_joined(by, WIDEST, roles) for roles in ROLES),
        admin_joined(by),
        zone_question(by, WIDEST),
        joined(by, WIDEST),
        joined(by, WIDEST, has_hours=True),
        settings_home(by, NOW, [Acting(WIDEST, Role.SELF)] * 3).below("saved"),
        zone_settings(by, LONGEST_ZONE),
        language_settings(by),
        name_settings(by, WIDEST),
        name_settings(by, WIDEST, own=False),
        zone_matches(by, "x" * TEXT_LIMIT, found, JoinZone, back(by)),
        unknown_zone(by, "&" * TEXT_LIMIT),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits_telegrams_limits_and_has_all_its_texts(language: str) -> None:
    for screen in every_screen(locale_in(language, LONGEST_ZONE)):
        assert 0 < len(screen.text) <= TEXT_LIMIT
        assert len(labels(screen)) <= MOST_BUTTONS
        assert all(label.strip() for label in labels(screen))
        assert max((len(row) for row in screen.rows), default=0) <= WIDEST_ROW
        assert "{" not in screen.plain
        assert not KEY.search(screen.plain)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caption_fits_its_own_limit(language: str) -> None:
    assert len(qr_caption(locale_in(language), WIDEST)) <= CAPTION_LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("roles", ROLES)
def test_a_menu_has_the_commands_of_its_roles_each_described(language: str, roles: Roles) -> None:
    commands = dict(commands_for(texts_in(language), roles))
    expected = {"start", "help", "book", "bookings", "settings", "privacy", "cancel"}
    expected |= {"hours", "agenda", "link"} if roles.acts else set()
    expected |= {"invite"} if roles.admin else set()

    assert set(commands) == expected
    assert all(
        3 <= len(text) <= MENU_LIMIT and not text.startswith("menu.") for text in commands.values()
    )


def test_a_client_is_greeted_with_booking_alone() -> None:
    screen = greeting(locale_in(), "Alice", Roles(), zone_chosen=False)

    assert button_data(screen) == [Open("book"), Open("bookings"), Open("settings")]
    assert "Berlin time; choose your own" in screen.plain


def test_a_person_with_every_role_is_greeted_with_every_command() -> None:
    screen = greeting(locale_in(), "Ada", replace(PROVIDER, admin=True), zone_chosen=True)

    assert button_data(screen) == [
        Open(name) for name in ("invite", "hours", "agenda", "link", "book", "bookings", "settings")
    ]
    assert "Clients see you as Dr. <Dora> & Co" in screen.plain
    assert "All times are Berlin time" in screen.plain


def test_a_name_cannot_write_html() -> None:
    assert (
        "<b>Hello &lt;i&gt;Alice!</b>"
        in greeting(locale_in(), "<i>Alice", Roles(), zone_chosen=True).text
    )


@pytest.mark.parametrize(
    ("language", "own", "of_others"),
    [
        ("en", ["My hours", "My agenda", "My link"], ["Hours", "Agenda", "Link"]),
        ("de", ["Meine Zeiten", "Mein Kalender", "Mein Link"], ["Zeiten", "Kalender", "Link"]),
    ],
)
def test_only_a_provider_reads_that_hours_are_theirs(
    language: str, own: list[str], of_others: list[str]
) -> None:
    by = locale_in(language)
    provider, assistant, both = Roles((SELF,)), Roles((ASSISTED,)), Roles((SELF, ASSISTED))

    for roles, expected in ((provider, own), (assistant, of_others), (both, own)):
        assert labels(greeting(by, "Dora", roles, zone_chosen=True))[:3] == expected
    mine, others = (dict(commands_for(by.t, roles)) for roles in (provider, assistant))
    assert {name for name in mine if mine[name] != others[name]} == {"hours", "agenda", "link"}
    work = " ".join(others[name].lower() for name in ("hours", "agenda", "link"))
    assert "your" not in work
    assert "dein" not in work


def test_help_lists_a_persons_own_commands() -> None:
    assert "/hours" not in help_text(locale_in(), Roles(), HOLD).plain
    assert "/invite" not in help_text(locale_in(), PROVIDER, HOLD).plain
    assert (
        "/invite · Add providers, assistants, admins"
        in help_text(locale_in(), Roles(admin=True), HOLD).plain
    )


def test_the_settings_show_the_current_time_in_the_zone() -> None:
    screen = settings_home(locale_in(zone="Asia/Tokyo"), NOW, ())

    assert "Time zone: Tokyo (Mon 23 Nov, 18:00 there)\nLanguage: English" in screen.plain
    assert labels(screen) == ["🌍 Time zone", "💬 Language"]
    assert labels(settings_home(locale_in(), NOW, [Acting(DORA, Role.SELF)]))[-2:] == [
        "Public name",
        "🔔 Notifications: on",
    ]


def test_many_providers_fill_pages_of_the_settings() -> None:
    team = [
        Acting(replace(DORA, id=number, name=f"Dora {number}"), Role.ASSISTANT)
        for number in range(1, 31)
    ]
    first, last = (settings_home(locale_in(), NOW, team, page=page) for page in (0, 99))

    assert first.plain.endswith("\n".join(["", *(f"• Dora {number}" for number in range(1, 9))]))
    assert last.plain.endswith("\n".join(["", *(f"• Dora {number}" for number in range(25, 31))]))
    assert [label for label in labels(last) if "Dora" in label] == [
        label
        for number in range(25, 31)
        for label in (f"Public name: Dora {number}", f"🔔 Dora {number}: on")
    ]
    assert page_with(team, 25) == 3
    assert (
        "Dora 10 and 20 more"
        in greeting(locale_in(), "Bob", Roles(tuple(team)), zone_chosen=True).plain
    )


def test_the_common_zones_are_named_by_city_and_the_chosen_one_is_marked() -> None:
    screen = zone_settings(locale_in(), "Europe/Berlin")

    assert labels(screen)[:3] == ["London", "✅ Berlin", "Athens"]
    assert button_data(screen) == [*map(ChooseZone, COMMON_ZONES), SettingsHome()]
    assert not any(label.startswith("✅") for label in labels(zone_settings(locale_in(), None)))


def test_cities_are_named_in_the_readers_language() -> None:
    assert city(locale_in(), "Asia/Tokyo") == "Tokyo"
    assert city(locale_in("de"), "Asia/Tokyo") == "Tokio"
    assert city(locale_in(), "America/Argentina/Buenos_Aires") == "Buenos Aires"
    assert city(locale_in(), "UTC") == "UTC"


def test_a_city_keeps_its_accents() -> None:
    assert (
        city(locale_in(), "America/Sao_Paulo")
        == city(locale_in("de"), "America/Sao_Paulo")
        == "São Paulo"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_zones_have_the_same_city_name(language: str) -> None:
    offered = sorted({*countries(), "UTC"})

    assert len({city(locale_in(language), zone) for zone in offered}) == len(offered)
    assert all(len(JoinZone(zone).pack()) <= 64 for zone in offered)


def test_languages_are_named_in_their_own_language() -> None:
    screen = language_settings(locale_in("de"))

    assert labels(screen) == ["English", "✅ Deutsch", "Zurück"]
    assert button_data(screen) == [ChooseLanguage("en"), ChooseLanguage("de"), SettingsHome()]


def test_a_long_typed_text_is_quoted_shortened() -> None:
    assert "“" + "x" * 60 + "…”" in unknown_zone(locale_in(), "x" * 500).plain
    assert "“a b”" in unknown_zone(locale_in(), " a\n b ").plain


def test_an_invitation_names_its_end_and_the_zone_of_that_time() -> None:
    screen = invitation(locale_in(), InvitationKind.PROVIDER, LINK, NOW)

    assert "until Mon 23 Nov, 10:00 (Berlin time)" in screen.plain
    assert LINK in screen.plain.split()
    assert (
        screen.rows[0][0].url
        == "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fslotkeeper_bot%3Fstart%3Dbook_dora"
    )
