"""What the environment (or a ``.env`` file beside the program) says, read once at the start and checked as a whole."""

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
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+", re.ASCII)
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_HIGHEST_PORT = 65535
OWN_PATHS = ("/healthz", "/readyz", "/metrics")
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_LONGEST_HOLD = timedelta(days=7)
_LONGEST_NOTICE = timedelta(days=365)
_LONGEST_HORIZON = timedelta(days=400)


class SettingsError(Exception):
    """The environment cannot be used; the message has one line for each mistake, by name, and never a value."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Address:
    """Where the HTTP side listens: a host name or IP address, and a port from 0 (any free one) to 65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``host:port``, an IPv6 host in square brackets; raise ValueError with a sentence for anything else."""
        host, _, port = text.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host.replace(":", "/")
        if (
            not host
            or re.search(r"[\s/]", host)
            or not _PORT.fullmatch(port)
            or int(port) > _HIGHEST_PORT
        ):
            raise ValueError("write host:port, such as 127.0.0.1:8080 or [::1]:8080.")
        return cls(host, int(port))


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(
            "write an ISO 8601 duration in weeks, days, hours, minutes and seconds, such as PT15M, PT24H or P60D."
        )
    try:
        return timedelta(
            **{request: int(number) for request, number in found.groupdict(default="0").items()}
        )
    except (OverflowError, ValueError):
        raise ValueError(
            "write a shorter duration: this one is longer than any calendar."
        ) from None


def _token(text: str) -> SecretStr:
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            "write the token as @BotFather gave it: digits, a colon, then letters, digits, - and _."
        )
    return SecretStr(text)


def _webhook_secret(text: str) -> SecretStr:
    if not _WEBHOOK_SECRET.fullmatch(text):
        raise ValueError("write 1 to 256 characters out of A-Z, a-z, 0-9, _ and -.")
    return SecretStr(text)


def _admin_ids(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"[1-9][0-9]{0,18}", part) for part in parts):
        raise ValueError(
            "write Telegram user ids (whole numbers above zero) with commas between them, such as 1234567,2345678."
        )
    return frozenset(map(int, parts))


def _holds(text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text):
        raise ValueError("write a whole number from 1 to 9999.")
    return int(text)


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of all zones, which are read from many files."""
    return frozenset(available_timezones())


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        raise ValueError(
            "write the IANA name of a time zone, in its own spelling, such as Europe/Berlin or UTC."
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
        "write sqlite:///path/to/file.db or postgresql://user:password@host/name, without the name of a driver."
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
            "write the http:// or https:// root of a Bot API server, without /bot and the token."
        )
    return text.rstrip("/")


def _webhook_url(text: str) -> str:
    parts = _split(text)
    if (
        not parts
        or not parts.hostname
        or parts.fragment
        or not (parts.scheme == "https" or _stays_here(parts))
    ):
        raise ValueError(
            "write the https:// address at which Telegram reaches this bot; http:// will do for 127.0.0.1, localhost and [::1] alone."
        )
    if _path_of(text) in OWN_PATHS:
        raise ValueError(
            f"write an address with another path: {', '.join(OWN_PATHS)} are the bot's own."
        )
    return text


def _stays_here(parts: SplitResult) -> bool:
    """Tell whether an http:// address leads to this machine, where a Bot API server or a proxy of one's own may run."""
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _path_of(url: str) -> str:
    """Return the path of an address as it is compared: decoded, and never empty."""
    return unquote(urlsplit(url).path) or "/"


def _log_level(text: str) -> str:
    if text.upper() not in get_args(LogLevel):
        raise ValueError(f"write one of {', '.join(get_args(LogLevel))}.")
    return text.upper()


def _log_format(text: str) -> str:
    if text.lower() not in get_args(LogFormat):
        raise ValueError("write console or json.")
    return text.lower()


def _written(parse: Callable[[str], object]) -> BeforeValidator:
    """Read text with ``parse``; a value that is no text came from code and stays as it is."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Duration = Annotated[timedelta, _written(_duration)]


class Settings(BaseSettings):
    """Every setting, under its environment variable's name in lower case; a variable that is empty counts as unset."""

    # Without decoding, every value reaches its parser as the text that was written: a list of ids is no JSON.
    model_config = SettingsConfigDict(
        enable_decoding=False,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    bot_token: Annotated[SecretStr | None, _written(_token)] = None
    database_url: Annotated[str, _written(_database_url)] = Field(
        default="sqlite:///data/slotkeeper.db", repr=False
    )
    admin_ids: Annotated[frozenset[int], _written(_admin_ids)] = frozenset()
    time_zone: Annotated[str, _written(_time_zone)] = "UTC"
    slot_length: Duration = timedelta(minutes=15)
    hold_duration: Duration = timedelta(minutes=30)
    notice_period: Duration = timedelta(hours=24)
    booking_horizon: Duration = timedelta(days=60)
    holds_per_client: Annotated[int, _written(_holds)] = 3
    telegram_api_url: Annotated[str, _written(_root)] = "https://api.telegram.org"
    # The secret stands before the address: the check of the address looks at it.
    webhook_secret: Annotated[SecretStr | None, _written(_webhook_secret)] = None
    webhook_url: Annotated[str | None, _written(_webhook_url)] = None
    listen: Annotated[Address, _written(Address.parse)] = Address("127.0.0.1", 8080)
    log_level: Annotated[LogLevel, _written(_log_level)] = "INFO"
    log_format: Annotated[LogFormat, _written(_log_format)] = "console"

    @model_validator(mode="before")
    @classmethod
    def _forget_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        stripped = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in values.items()
        }
        return {name: value for name, value in stripped.items() if value != ""}

    @field_validator("slot_length")
    @classmethod
    def _check_slot_length(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= _DAY or value % _QUARTER:
            raise ValueError("write whole quarters of an hour, from PT15M to PT24H.")
        return value

    @field_validator("hold_duration")
    @classmethod
    def _check_hold_duration(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= _LONGEST_HOLD:
            raise ValueError("write a duration above zero and of 7 days at most, such as PT30M.")
        return value

    @field_validator("notice_period")
    @classmethod
    def _check_notice_period(cls, value: timedelta) -> timedelta:
        if value > _LONGEST_NOTICE:
            raise ValueError("write a duration of 365 days at most, such as PT24H.")
        return value

    # Checks across fields are made in the later field's turn, and not on the whole, so that one report holds every mistake.
    @field_validator("booking_horizon")
    @classmethod
    def _check_booking_horizon(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if not timedelta() < value <= _LONGEST_HORIZON:
            raise ValueError("write a duration above zero and of 400 days at most, such as P60D.")
        if value <= info.data.get("notice_period", timedelta()):
            raise ValueError(
                "write a duration longer than NOTICE_PERIOD, or no slot can ever be booked."
            )
        return value

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("webhook_secret", "refused already") is None:
            raise ValueError(
                "set WEBHOOK_SECRET too, so that only Telegram can speak at this address."
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
        """The path of the webhook's address, decoded; None where there is no webhook."""
        return _path_of(self.webhook_url) if self.webhook_url else None

    @property
    def listen_is_set(self) -> bool:
        """Tell whether somebody chose where the HTTP side listens, or relies on it: then the bot cannot do without."""
        return "listen" in self.model_fields_set or self.webhook_url is not None

    @property
    def is_postgres(self) -> bool:
        """Tell whether the database is a PostgreSQL server's."""
        return urlsplit(self.database_url).scheme == "postgresql"

    @property
    def heartbeat_file(self) -> Path | None:
        """The file beside a SQLite database that is touched at every sweep, None for a server's."""
        return (
            None
            if self.is_postgres
            else Path(f"{self.database_url.removeprefix('sqlite:///')}.heartbeat")
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a log: token, webhook secret and the database's password, as far as they are set."""
        told = [
            secret.get_secret_value() for secret in (self.bot_token, self.webhook_secret) if secret
        ]
        password = urlsplit(self.database_url).password
        return (*told, *dict.fromkeys((password, unquote(password)))) if password else tuple(told)


def load_settings() -> Settings:
    """Read the settings from the environment, then from ``.env``; raise SettingsError that lists every mistake at once."""
    try:
        return Settings()
    except ValidationError as error:
        mistakes = tuple(
            f"{str(each['loc'][0]).upper()}: {each.get('ctx', {}).get('error', each['msg'])}"
            for each in error.errors()
        )
    except UnicodeDecodeError:
        mistakes = (".env: save the file as UTF-8.",)
    # Raised outside the handler: a chained traceback would show what the environment holds.
    raise SettingsError(mistakes)
