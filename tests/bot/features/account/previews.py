"""The screens of first contact, joining, links and settings."""

from datetime import timedelta

from bot.buttons.people import JoinZone
from bot.features.account.joining_screens import (
    admin_joined,
    assistant_joined,
    handover_declined,
    handover_question,
    joined,
    name_question,
    zone_question,
)
from bot.features.account.link_screens import provider_link, unknown_link, whose_link
from bot.features.account.settings_screens import (
    back,
    language_settings,
    name_settings,
    provider_zone,
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
from bot.features.account.zone_screens import unknown_zone, zone_matches
from bot.ui.command_menu import Roles
from domain.provider import Acting, Role
from tests.kit.preview import Previews
from tests.kit.screens import DORA, EMIL, NOW

SELF, ASSISTED = Acting(DORA, Role.SELF), Acting(EMIL, Role.ASSISTANT)
CLIENT, PROVIDER, ADMIN = Roles(), Roles((SELF,)), Roles(admin=True)
ASSISTANT, BOTH = Roles((ASSISTED,)), Roles((SELF, ASSISTED))
LINK = "https://t.me/slotkeeper_bot?start=book_dora"
ZONES = ["America/Cancun", "America/Chicago", "America/Halifax"]

PREVIEWS = Previews()
PREVIEWS.add(
    greeting,
    client=lambda by: greeting(by, "Alice", CLIENT, zone_chosen=True),
    client_without_a_zone=lambda by: greeting(by, "Alice", CLIENT, zone_chosen=False),
    provider=lambda by: greeting(by, "Dora", PROVIDER, zone_chosen=True, has_hours=True),
    provider_without_hours=lambda by: greeting(by, "Dora", PROVIDER, zone_chosen=True),
    assistant=lambda by: greeting(by, "Cara", ASSISTANT, zone_chosen=True),
    provider_who_assists=lambda by: greeting(by, "Dora", BOTH, zone_chosen=True),
    admin=lambda by: greeting(by, "Ada", ADMIN, zone_chosen=True),
)
PREVIEWS.add(
    help_text,
    client=lambda by: help_text(by, CLIENT, timedelta(minutes=30)),
    provider=lambda by: help_text(by, PROVIDER, timedelta(minutes=30)),
    assistant=lambda by: help_text(by, ASSISTANT, timedelta(minutes=30)),
    admin=lambda by: help_text(by, ADMIN, timedelta(minutes=30)),
)
PREVIEWS.add(privacy, all=privacy)
PREVIEWS.add(
    dialogue_left,
    in_a_dialogue=lambda by: dialogue_left(by, CLIENT, left=True),
    outside=lambda by: dialogue_left(by, CLIENT, left=False),
)
PREVIEWS.add(back_hint, all=back_hint)
PREVIEWS.add(
    provider_link,
    own=lambda by: provider_link(by, LINK),
    of_another_provider=lambda by: provider_link(by, LINK, EMIL),
)
PREVIEWS.add(unknown_link, all=unknown_link)
PREVIEWS.add(whose_link, all=lambda by: whose_link(by, [DORA, EMIL]))
PREVIEWS.add(
    name_question,
    named=lambda by: name_question(by, DORA, nameless=False),
    nameless=lambda by: name_question(by, DORA, nameless=True),
)
PREVIEWS.add(zone_question, all=lambda by: zone_question(by, DORA))
PREVIEWS.add(
    handover_question, all=lambda by: handover_question(by, DORA, "kq3v7XmY0aBcDeFgHiJkLm")
)
PREVIEWS.add(handover_declined, all=lambda by: handover_declined(by, CLIENT))
PREVIEWS.add(
    joined,
    new=lambda by: joined(by, DORA),
    with_hours=lambda by: joined(by, DORA, has_hours=True),
)
PREVIEWS.add(
    assistant_joined,
    assistant=lambda by: assistant_joined(by, EMIL, ASSISTANT),
    provider_who_assists=lambda by: assistant_joined(by, EMIL, BOTH),
)
PREVIEWS.add(admin_joined, all=admin_joined)
PREVIEWS.add(
    settings_home,
    client=lambda by: settings_home(by, NOW, ()),
    provider=lambda by: settings_home(by, NOW, (Acting(DORA, Role.SELF),)),
    assistant_of_two=lambda by: settings_home(
        by, NOW, (Acting(DORA, Role.ASSISTANT), Acting(EMIL, Role.ASSISTANT, notified=False))
    ),
    assistant_of_two_without_account=lambda by: settings_home(
        by, NOW, (Acting(DORA, Role.ASSISTANT), Acting(EMIL, Role.ASSISTANT)), {DORA.id, EMIL.id}
    ),
)
PREVIEWS.add(provider_zone, all=lambda by: provider_zone(by, EMIL))
PREVIEWS.add(
    zone_settings,
    none_chosen=lambda by: zone_settings(by, None),
    chosen=lambda by: zone_settings(by, "Europe/Berlin"),
)
PREVIEWS.add(language_settings, all=language_settings)
PREVIEWS.add(
    name_settings,
    own=lambda by: name_settings(by, DORA),
    of_another_provider=lambda by: name_settings(by, EMIL, own=False),
)
PREVIEWS.add(
    zone_matches, several=lambda by: zone_matches(by, "america", ZONES, JoinZone, back(by))
)
PREVIEWS.add(unknown_zone, all=lambda by: unknown_zone(by, "Atlantis"))
