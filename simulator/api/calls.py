"""A call of a Bot API method, with its parameters read as Telegram reads them."""

import json
from dataclasses import dataclass, field
from typing import Any

from simulator.refusals import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent with a call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """A result with a description, as the webhook methods return it."""

    result: Any
    description: str


@dataclass(frozen=True, slots=True)
class Call:
    """A method name and its parameters; nested values may be JSON strings, as forms send them."""

    method: str
    params: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Return whether the parameter was given and is not empty."""
        return self.params.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Return a parameter as text, or "" if it is missing."""
        value = self.params.get(name)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """Return a parameter as an integer; like Telegram, treat anything else as missing."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Return a parameter as a Boolean; only `true`, `yes` and `1` are true."""
        return self.text(name).lower() in ("true", "yes", "1")

    def nested(self, name: str) -> Any:
        """Return an object or list parameter, or None; raise a refusal on bad JSON."""
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from error

    def record(self) -> dict[str, Any]:
        """Return the parameters for the transcript: JSON parsed, files as name and size."""
        shown = {name: _parsed_json(value) for name, value in self.params.items()}
        return shown | {
            name: f"<{file.name}, {len(file.content)} bytes>" for name, file in self.files.items()
        }


def _parsed_json(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
