"""Telegram's error answers, with its own codes and texts."""

from dataclasses import dataclass

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True)
class Refusal(Exception):
    """A Bot API error answer: HTTP status, Telegram's description and, for floods, the wait.

    `blames_bot` is false if a correct bot can receive it too; no warning is recorded then.
    """

    code: int
    description: str
    retry_after: int | None = None
    blames_bot: bool = True

    def __str__(self) -> str:
        return f"{self.code} {self.description}"

    def as_json(self) -> dict[str, object]:
        """Return the body of the answer as Telegram sends it."""
        body: dict[str, object] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(what: str) -> Refusal:
    """Return the refusal of an invalid call (400)."""
    return Refusal(400, f"Bad Request: {what}")


def forbidden(what: str) -> Refusal:
    """Return the refusal of a call the bot may not make (403)."""
    return Refusal(403, f"Forbidden: {what}")


def conflict(what: str) -> Refusal:
    """Return the refusal of a call that conflicts with another way of receiving updates (409)."""
    return Refusal(409, f"Conflict: {what}")


def too_many_requests(retry_after: int | None) -> Refusal:
    """Return a flood refusal (429).

    Without seconds it has no parameters, which real answers sometimes lack too.
    """
    wait = "later" if retry_after is None else f"after {retry_after}"
    return Refusal(429, f"Too Many Requests: retry {wait}", retry_after, blames_bot=False)


def blocked() -> Refusal:
    """Return the refusal of a message to a person who has blocked the bot."""
    return Refusal(403, "Forbidden: bot was blocked by the user", blames_bot=False)
