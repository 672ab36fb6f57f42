"""How the bot receives updates: long polling or a webhook, answers to taps, file downloads."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

from simulator.api.calls import Call, Described
from simulator.loopback import is_loopback
from simulator.refusals import QUERY_TOO_OLD, Refusal, bad_request, conflict
from simulator.state.transcript import Delivery
from simulator.state.world import ANSWERABLE, Poll, Webhook, World

_MAX_UPDATES = 100
_MAX_POLL_SECONDS = 50
_MAX_CONNECTIONS = 100
_MAX_TOAST_LENGTH = 200
_PORTS = (None, 80, 88, 443, 8443)
_OTHER_POLLER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


async def get_updates(world: World, call: Call) -> list[dict[str, Any]]:
    """Return pending updates, or wait for some; a second poller ends the first with a conflict."""
    if world.webhook.url:
        raise conflict(_WEBHOOK_ACTIVE)
    _store_allowed_kinds(world, call)
    world.end_poll(_OTHER_POLLER)
    world.poll = poll = Poll()
    try:
        found = await _wait_for_updates(world, call, poll)
    finally:
        if world.poll is poll:
            world.poll = None
    world.transcript.deliveries.extend(
        Delivery(update, "getUpdates", world.clock()) for update in found
    )
    return found


async def _wait_for_updates(world: World, call: Call, poll: Poll) -> list[dict[str, Any]]:
    limit = min(max(call.integer("limit", _MAX_UPDATES), 1), _MAX_UPDATES)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(max(call.integer("timeout"), 0), _MAX_POLL_SECONDS)
    found = world.updates.fetch(call.integer("offset"), limit)
    while not found and loop.time() < deadline:
        try:
            async with asyncio.timeout_at(deadline):
                await world.updates.changed.wait()
        except TimeoutError:
            break
        if poll.ended is not None:
            raise conflict(poll.ended)
        found = world.updates.fetch(max(call.integer("offset"), 0), limit)
    return found


def set_webhook(world: World, call: Call) -> Described:
    """Post updates to a URL; an empty one removes the webhook."""
    url, secret = call.text("url"), call.text("secret_token")
    if not url:
        return delete_webhook(world, call)
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not is_loopback(url) and urlsplit(url).port not in _PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    _store_allowed_kinds(world, call)
    _drop_pending(world, call)
    connections = min(max(call.integer("max_connections", 40), 1), _MAX_CONNECTIONS)
    unchanged = (world.webhook.url, world.webhook.secret, world.webhook.max_connections) == (
        url,
        secret,
        connections,
    )
    if not unchanged:
        world.webhook = Webhook(url, secret, connections)
    world.end_poll("terminated by setWebhook request")
    world.updates.wake()
    return Described(
        result=True, description="Webhook is already set" if unchanged else "Webhook was set"
    )


def delete_webhook(world: World, call: Call) -> Described:
    """Remove the webhook, so that updates wait for polling."""
    was_set = bool(world.webhook.url)
    _drop_pending(world, call)
    world.webhook = Webhook()
    world.updates.wake()
    return Described(
        result=True, description="Webhook was deleted" if was_set else "Webhook is already deleted"
    )


def get_webhook_info(world: World, _call: Call) -> dict[str, Any]:
    """Return the webhook's URL and state."""
    hook = world.webhook
    info: dict[str, Any] = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
    if hook.url:
        info |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
    if hook.last_error:
        info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
    if world.updates.allowed:
        info["allowed_updates"] = world.updates.allowed
    return info


def answer_callback_query(world: World, call: Call) -> bool:
    """Answer a tap, with a text if given; refuse one that is too old, unknown or answered."""
    if len(call.text("text")) > _MAX_TOAST_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    tap = world.taps.get(call.text("callback_query_id"))
    if tap is None:
        raise bad_request(QUERY_TOO_OLD)
    if call.has("url"):
        # Telegram allows only games and links that start this bot; the simulator has neither.
        raise bad_request("URL_INVALID")
    tap.answers += 1
    if tap.answers > 1:
        # A correct bot answers a tap twice if it was delivered twice.
        raise Refusal(400, f"Bad Request: {QUERY_TOO_OLD}", blames_bot=not tap.redelivered)
    if world.now() - tap.at > ANSWERABLE:
        raise bad_request(QUERY_TOO_OLD)
    world.show_answer(tap, call.text("text"), alert=call.flag("show_alert"))
    return True


def get_file(world: World, call: Call) -> dict[str, Any]:
    """Return where a file can be downloaded."""
    file = world.files.get(call.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    return {
        "file_id": file.file_id,
        "file_unique_id": f"u{file.file_id}",
        "file_size": len(file.content),
        "file_path": file.path,
    }


def _store_allowed_kinds(world: World, call: Call) -> None:
    """Store the allowed update kinds of a call; a call that names none keeps them."""
    allowed = call.nested("allowed_updates")
    if isinstance(allowed, list):
        world.updates.allowed = [str(kind) for kind in allowed]


def _drop_pending(world: World, call: Call) -> None:
    if call.flag("drop_pending_updates"):
        world.updates.take()
