"""The settings, read once at start-up from the environment or a ``.env`` file, and validated."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.policy import BookingPolicy

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["console", "json"]

_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+", re.ASCII)
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_HIGHEST_PORT = 65535
RESERVED_PATHS = ("/healthz", "/readyz", "/metrics")
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_LONGEST_HOLD = timedelta(days=7)
_LONGEST_NOTICE = timedelta(days=365)
_LONGEST_HORIZON = timedelta(days=400)


class SettingsError(Exception):
    """The settings are invalid; the message names each wrong one on a line, and never a value."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Address:
    """Where the HTTP server listens: a host name or IP address, and a port (0 for any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``host:port``, an IPv6 host in brackets; raise ValueError for anything else."""
        host, _, port = text.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host.replace(":", "/")
        if (
            not host
            or re.search(r"[\s/]", host)
            or not _PORT.fullmatch(port)
            or int(port) > _HIGHEST_PORT
        ):
            raise ValueError("must be host:port, like 127.0.0.1:8080 or [::1]:8080.")
        return cls(host, int(port))


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(
            "must be an ISO 8601 duration in weeks, days, hours, minutes and seconds, "
            "like PT15M, PT24H or P60D."
        )
    try:
        return timedelta(
            **{unit: int(number) for unit, number in found.groupdict(default="0").items()}
        )
    except (OverflowError, ValueError):
        raise ValueError(
            "must be a shorter duration: this one is longer than any calendar."
        ) from None


def _token(text: str) -> SecretStr:
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            "must be a token from @BotFather: digits, a colon, then letters, digits, - and _."
        )
    return SecretStr(text)


def _webhook_secret(text: str) -> SecretStr:
    if not _WEBHOOK_SECRET.fullmatch(text):
        raise ValueError("must be 1 to 256 characters out of A-Z, a-z, 0-9, _ and -.")
    return SecretStr(text)


def _admin_ids(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"[1-9][0-9]{0,18}", part) for part in parts):
        raise ValueError(
            "must be Telegram user ids (whole numbers above zero) separated by commas, "
            "like 1234567,2345678."
        )
    return frozenset(map(int, parts))


def _holds(text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text):
        raise ValueError("must be a whole number from 1 to 9999.")
    return int(text)


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of all zones; cached, because they are read from many files."""
    return frozenset(available_timezones())


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        raise ValueError(
            "must be the IANA name of a time zone, spelled exactly, like Europe/Berlin or UTC."
        )
    return text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return None if re.search(r"\s", text) else parts


def _database_url(text: str) -> str:
    parts = _split(text)
    if (
        parts
        and parts.scheme == "sqlite"
        and not parts.netloc
        and parts.path.strip("/")
        and parts.path != "/:memory:"
    ):
        return text
    if parts and parts.scheme == "postgresql" and parts.path.strip("/"):
        return text
    raise ValueError(
        "must be sqlite:///path/to/file.db or postgresql://user:password@host/name, "
        "without the name of a driver."
    )


def _root(text: str) -> str:
    parts = _split(text)
    if (
        not parts
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
    ):
        raise ValueError(
            "must be the http:// or https:// root of a Bot API server, without /bot and the token."
        )
    return text.rstrip("/")


def _webhook_url(text: str) -> str:
    parts = _split(text)
    if (
        not parts
        or not parts.hostname
        or parts.fragment
        or not (parts.scheme == "https" or _is_local(parts))
    ):
        raise ValueError(
            "must be the https:// address at which Telegram reaches this bot; "
            "http:// is allowed for 127.0.0.1, localhost and [::1] only."
        )
    if _path_of(text) in RESERVED_PATHS:
        raise ValueError(f"must have another path: {', '.join(RESERVED_PATHS)} are the bot's own.")
    return text


def _is_local(parts: SplitResult) -> bool:
    """Return whether this is an http:// address of this machine, like that of a local proxy."""
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _path_of(url: str) -> str:
    """Return the decoded path of an address, ``/`` if it has none."""
    return unquote(urlsplit(url).path) or "/"


def _log_level(text: str) -> str:
    if text.upper() not in get_args(LogLevel):
        raise ValueError(f"must be one of {', '.join(get_args(LogLevel))}.")
    return text.upper()


def _log_format(text: str) -> str:
    if text.lower() not in get_args(LogFormat):
        raise ValueError("must be console or json.")
    return text.lower()


def _parsed_by(parse: Callable[[str], object]) -> BeforeValidator:
    """Parse text with ``parse``; values that code passes in stay as they are."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Duration = Annotated[timedelta, _parsed_by(_duration)]


class Settings(BaseSettings):
    """The settings, named like their environment variables; an empty variable counts as unset."""

    # Without decoding, each parser gets the text as written: ADMIN_IDS, for example, is not JSON.
    model_config = SettingsConfigDict(
        enable_decoding=False,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    bot_token: Annotated[SecretStr | None, _parsed_by(_token)] = None
    database_url: Annotated[str, _parsed_by(_database_url)] = Field(
        default="sqlite:///data/slotkeeper.db", repr=False
    )
    admin_ids: Annotated[frozenset[int], _parsed_by(_admin_ids)] = frozenset()
    time_zone: Annotated[str, _parsed_by(_time_zone)] = "UTC"
    slot_length: Duration = timedelta(minutes=15)
    hold_duration: Duration = timedelta(minutes=30)
    notice_period: Duration = timedelta(hours=24)
    booking_horizon: Duration = timedelta(days=60)
    holds_per_client: Annotated[int, _parsed_by(_holds)] = 3
    telegram_api_url: Annotated[str, _parsed_by(_root)] = "https://api.telegram.org"
    # Declared before the URL, because the validator of the URL reads it.
    webhook_secret: Annotated[SecretStr | None, _parsed_by(_webhook_secret)] = None
    webhook_url: Annotated[str | None, _parsed_by(_webhook_url)] = None
    listen: Annotated[Address, _parsed_by(Address.parse)] = Address("127.0.0.1", 8080)
    log_level: Annotated[LogLevel, _parsed_by(_log_level)] = "INFO"
    log_format: Annotated[LogFormat, _parsed_by(_log_format)] = "console"

    @model_validator(mode="before")
    @classmethod
    def _drop_blank_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        stripped = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in values.items()
        }
        return {name: value for name, value in stripped.items() if value != ""}

    @field_validator("slot_length")
    @classmethod
    def _check_slot_length(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= _DAY or value % _QUARTER:
            raise ValueError("must be whole quarters of an hour, from PT15M to PT24H.")
        return value

    @field_validator("hold_duration")
    @classmethod
    def _check_hold_duration(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= _LONGEST_HOLD:
            raise ValueError("must be above zero and at most 7 days, like PT30M.")
        return value

    @field_validator("notice_period")
    @classmethod
    def _check_notice_period(cls, value: timedelta) -> timedelta:
        if value > _LONGEST_NOTICE:
            raise ValueError("must be at most 365 days, like PT24H.")
        return value

    # Validators of the later field compare fields. A validator of the whole model would only run
    # without other errors, and one report must list them all.
    @field_validator("booking_horizon")
    @classmethod
    def _check_booking_horizon(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if not timedelta() < value <= _LONGEST_HORIZON:
            raise ValueError("must be above zero and at most 400 days, like P60D.")
        if value <= info.data.get("notice_period", timedelta()):
            raise ValueError("must be longer than NOTICE_PERIOD, or no slot can ever be booked.")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("webhook_secret", "invalid") is None:
            raise ValueError(
                "needs WEBHOOK_SECRET too, so that only Telegram can post to this address."
            )
        return value

    @property
    def policy(self) -> BookingPolicy:
        """The booking policy these settings describe."""
        return BookingPolicy(
            slot_length=self.slot_length,
            hold_duration=self.hold_duration,
            notice_period=self.notice_period,
            booking_horizon=self.booking_horizon,
            holds_per_client=self.holds_per_client,
        )

    @property
    def webhook_path(self) -> str | None:
        """The decoded path of the webhook's address; None if there is no webhook."""
        return _path_of(self.webhook_url) if self.webhook_url else None

    @property
    def listen_is_set(self) -> bool:
        """Whether the configuration relies on the HTTP server; if not, it is optional."""
        return "listen" in self.model_fields_set or self.webhook_url is not None

    @property
    def is_postgres(self) -> bool:
        """Whether the database is PostgreSQL."""
        return urlsplit(self.database_url).scheme == "postgresql"

    @property
    def heartbeat_file(self) -> Path | None:
        """The file beside a SQLite database that every sweep touches; None for PostgreSQL."""
        return (
            None
            if self.is_postgres
            else Path(f"{self.database_url.removeprefix('sqlite:///')}.heartbeat")
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that logs must mask: token, webhook secret and database password, if set."""
        secrets = [
            secret.get_secret_value() for secret in (self.bot_token, self.webhook_secret) if secret
        ]
        password = urlsplit(self.database_url).password
        return (
            (*secrets, *dict.fromkeys((password, unquote(password))))
            if password
            else tuple(secrets)
        )


def load_settings() -> Settings:
    """Read the environment and ``.env``; raise SettingsError, which lists all errors."""
    try:
        return Settings()
    except ValidationError as error:
        mistakes = tuple(
            f"{str(each['loc'][0]).upper()}: {each.get('ctx', {}).get('error', each['msg'])}"
            for each in error.errors()
        )
    except UnicodeDecodeError:
        mistakes = (".env: save the file as UTF-8.",)
    # Raised outside the handler, because a chained traceback would show values.
    raise SettingsError(mistakes)
