"""Previews of the screens of inviting."""

from datetime import timedelta

from bot.buttons.invite import AssistantsOf, HandOver, HandOverList, InviteAssistant
from bot.features.invite.removal_screens import dismissal_to_confirm, dismissed, which_assistant
from bot.features.invite.screens import (
    bad_name,
    invitation,
    name_wanted,
    provider_added,
    which_provider,
    whom,
)
from bot.ui.command_menu import Roles
from domain import errors
from domain.invitation import InvitationKind
from domain.provider import Acting, Assistance, Role
from tests.kit.preview import Previews
from tests.kit.screens import ALICE, BOB, DORA, EMIL, NOW

LINK = "https://t.me/slotkeeper_bot?start=join_4fBz0kXq"
ENDS = NOW + timedelta(days=7)
SELF, ASSISTED = Acting(EMIL, Role.SELF), Acting(DORA, Role.ASSISTANT)
ASSISTANCES = [Assistance(ALICE, DORA), Assistance(ALICE, EMIL), Assistance(BOB, EMIL)]

PREVIEWS = Previews()
PREVIEWS.add(
    whom,
    no_provider_yet=lambda by: whom(by, any_provider=False),
    some_providers=lambda by: whom(by, any_provider=True),
    some_assistants=lambda by: whom(by, any_provider=True, any_assistant=True),
)
PREVIEWS.add(
    which_provider,
    assistant=lambda by: which_provider(
        by,
        "invite.whose_assistant",
        [DORA, EMIL],
        choose=InviteAssistant,
        turn=AssistantsOf,
        page=0,
        pages=1,
    ),
    second_page_of_new_account=lambda by: which_provider(
        by,
        "invite.whom_to_hand_over",
        [EMIL],
        choose=HandOver,
        turn=HandOverList,
        page=1,
        pages=3,
    ),
)
PREVIEWS.add(
    invitation,
    provider=lambda by: invitation(by, InvitationKind.PROVIDER, LINK, ENDS),
    assistant=lambda by: invitation(by, InvitationKind.ASSISTANT, LINK, ENDS, DORA),
    new_account=lambda by: invitation(by, InvitationKind.HANDOVER, LINK, ENDS, DORA),
    admin=lambda by: invitation(by, InvitationKind.ADMIN, LINK, ENDS),
)
PREVIEWS.add(name_wanted, all=name_wanted)
PREVIEWS.add(bad_name, too_long=lambda by: bad_name(by, errors.NameUnusable(limit=64)))
PREVIEWS.add(
    provider_added,
    by_an_admin_alone=lambda by: provider_added(by, DORA, Roles((ASSISTED,), admin=True)),
    by_a_provider=lambda by: provider_added(by, DORA, Roles((SELF, ASSISTED), admin=True)),
)
PREVIEWS.add(
    which_assistant,
    some=lambda by: which_assistant(by, ASSISTANCES, page=0, pages=1),
    none=lambda by: which_assistant(by, [], page=0, pages=1),
)
PREVIEWS.add(
    dismissal_to_confirm,
    one_of_several=lambda by: dismissal_to_confirm(by, ASSISTANCES[0], is_last=False),
    last=lambda by: dismissal_to_confirm(by, ASSISTANCES[0], is_last=True),
)
PREVIEWS.add(dismissed, all=lambda by: dismissed(by, ASSISTANCES[0]))
