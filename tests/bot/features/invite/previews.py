"""Previews of the screens of inviting."""

from datetime import timedelta

from bot.buttons.invite import AssistantsOf, HandOver, HandOverList, InviteAssistant
from bot.features.invite.screens import (
    invitation,
    name_wanted,
    provider_added,
    which_provider,
    whom,
)
from domain.invitation import InvitationKind
from tests.kit.preview import Previews
from tests.kit.screens import DORA, EMIL, NOW

LINK = "https://t.me/slotkeeper_bot?start=join_4fBz0kXq"
ENDS = NOW + timedelta(days=7)

PREVIEWS = Previews()
PREVIEWS.add(
    whom,
    no_provider_yet=lambda by: whom(by, any_provider=False),
    some_providers=lambda by: whom(by, any_provider=True),
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
PREVIEWS.add(provider_added, all=lambda by: provider_added(by, DORA))
