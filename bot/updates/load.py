"""Loads the request of an update, with the person and their dialogue, from the database."""

from collections.abc import Collection
from datetime import datetime

from telegram import Update
from telegram.constants import ChatType

from bot.dialogue.request import LIST_FLOW, UpdateRequest
from bot.ports import BotUnitOfWork
from bot.ui.command_menu import COMMANDS
from bot.updates.update_sender import Sender
from bot.updates.wire import shown_before
from domain.operations.dialogue import Dialogue
from domain.person import Person
from domain.usecases.reachability import announce_reachable


async def load_request(
    uow: BotUnitOfWork,
    update: Update,
    sender: Sender,
    admin_ids: Collection[int],
    now: datetime,
) -> UpdateRequest:
    """Return the request of an update, with the person and their dialogue from the database."""
    person = await load_person(uow, sender, admin_ids, now)
    query = update.callback_query
    message = query.message if query else None
    stored = Dialogue() if sender.passing else await uow.dialogues.get(person.id)
    is_list = stored.flow == LIST_FLOW
    return UpdateRequest(
        uow=uow,
        now=now,
        chat=sender.chat,
        contact=sender.contact,
        person=person,
        dialogue=Dialogue() if is_list else stored,
        open_list=stored if is_list else None,
        tapped=message.message_id if message else None,
        before=shown_before(update),
    )


async def load_person(
    uow: BotUnitOfWork, sender: Sender, admin_ids: Collection[int], now: datetime
) -> Person:
    """Return the sender as the database knows them, after storing their contact details.

    If they were unreachable, they get what they missed, and the admins learn which providers can be
    booked again.
    """
    if sender.passing:
        return await uow.queries.account(sender.contact.telegram_id) or sender.stranger
    if sender.leaving and (known := await _unreachable_before(uow, sender)):
        return known
    person = await uow.people.record_contact(sender.contact, now)
    if person.unreachable_since is not None:
        await uow.outbox.resume(person, now)
        await announce_reachable(uow, person.id, admin_ids, now)
    return person


async def _unreachable_before(uow: BotUnitOfWork, sender: Sender) -> Person | None:
    """Return the sender if they were unreachable already: a refused message may be the first sign.

    Nothing of theirs is resumed, and no admin is told again.
    """
    known = await uow.queries.account(sender.contact.telegram_id)
    return known if known and known.unreachable_since is not None else None


def end_dialogue(request: UpdateRequest, update: Update) -> None:
    """End what an update ends before any handler runs: a list if tapped, a dialogue by command."""
    request.leave_tapped_list()
    if _is_command(update):
        request.left = request.in_dialogue
        request.leave()


def dialogue_to_store(request: UpdateRequest) -> Dialogue:
    """Return what to store as the person's dialogue: the one they are in, else the open list."""
    return request.dialogue if request.dialogue.flow else request.open_list or Dialogue()


def _is_command(update: Update) -> bool:
    """Return whether an update is one of the bot's commands, which end any dialogue.

    A mistyped command ends no dialogue.
    """
    message = update.message
    if message is None or not message.text or message.chat.type != ChatType.PRIVATE:
        return False
    first, *_ = message.text.split() or [""]
    return first.startswith("/") and first[1:].partition("@")[0].lower() in COMMANDS
