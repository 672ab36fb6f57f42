"""Settings: accepted values, defaults, and errors for invalid ones."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from telegram import Bot

from bot.settings import Address, Settings, SettingsError, load_settings

TOKEN = "123456:AAF-secret_part"
NAMES = tuple(name.upper() for name in Settings.model_fields)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def mistakes_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, ...]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == "\n".join(caught.value.mistakes)
    return caught.value.mistakes


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load_settings()
    assert settings.bot_token is None
    assert settings.database_url == "sqlite:///data/slotkeeper.db"
    assert settings.admin_ids == frozenset()
    assert settings.time_zone == "UTC"
    assert settings.policy.slot_length == timedelta(minutes=15)
    assert settings.policy.hold_duration == timedelta(minutes=30)
    assert settings.policy.notice_period == timedelta(hours=24)
    assert settings.policy.booking_horizon == timedelta(days=60)
    assert settings.policy.holds_per_client == 3
    assert (settings.webhook_url, settings.webhook_secret) == (None, None)
    assert settings.listen == Address("127.0.0.1", 8080)
    assert (settings.log_level, settings.log_format) == ("INFO", "console")
    assert settings.secrets == ()


def test_the_default_api_root_is_the_library_default() -> None:
    assert f"{load_settings().telegram_api_url}/bot{TOKEN}" == Bot(TOKEN).base_url


def test_every_setting_reads_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "BOT_TOKEN": TOKEN,
        "DATABASE_URL": "postgresql://keeper:p%40ss@db/slots",
        "ADMIN_IDS": "12, 34 ,56,",
        "TIME_ZONE": "Europe/Berlin",
        "SLOT_LENGTH": "PT1H",
        "HOLD_DURATION": "PT45S",
        "NOTICE_PERIOD": "PT0S",
        "BOOKING_HORIZON": "P1WT12H",
        "HOLDS_PER_CLIENT": "1",
        "TELEGRAM_API_URL": "http://127.0.0.1:8081/",
        "WEBHOOK_URL": "https://example.org/telegram",
        "WEBHOOK_SECRET": "hush_hush-1",
        "LISTEN": "[::1]:9000",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "JSON",
    }
    assert set(values) == set(NAMES)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.bot_token
    assert settings.webhook_secret
    assert settings.bot_token.get_secret_value() == TOKEN
    assert settings.database_url == "postgresql://keeper:p%40ss@db/slots"
    assert settings.admin_ids == {12, 34, 56}
    assert settings.time_zone == "Europe/Berlin"
    assert settings.slot_length == timedelta(hours=1)
    assert settings.hold_duration == timedelta(seconds=45)
    assert settings.notice_period == timedelta()
    assert settings.booking_horizon == timedelta(days=7, hours=12)
    assert settings.holds_per_client == 1
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.webhook_url == "https://example.org/telegram"
    assert settings.webhook_secret.get_secret_value() == "hush_hush-1"
    assert settings.listen == Address("::1", 9000)
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.secrets == (TOKEN, "hush_hush-1", "p%40ss", "p@ss")


@pytest.mark.parametrize("nothing", ["", "   "])
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, nothing)
    assert load_settings() == Settings(_env_file=None)


def test_a_dotenv_file_is_read_and_the_environment_overrides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text(
        "TIME_ZONE=Asia/Tokyo\nHOLDS_PER_CLIENT=5\nA_NEIGHBOURS_VARIABLE=1\n", encoding="utf-8"
    )
    monkeypatch.setenv("HOLDS_PER_CLIENT", "7")
    settings = load_settings()
    assert (settings.time_zone, settings.holds_per_client) == ("Asia/Tokyo", 7)


def test_a_dotenv_file_that_is_not_utf8_is_reported() -> None:
    Path(".env").write_bytes(b"TIME_ZONE=\xff\n")
    with pytest.raises(SettingsError, match=r"^\.env: save the file as UTF-8\.$"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "a token"),
        ("BOT_TOKEN", "123456"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "data/slotkeeper.db"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite://data/slotkeeper.db"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite+aiosqlite:///data/slotkeeper.db"),
        ("DATABASE_URL", "postgresql://host"),
        ("DATABASE_URL", "postgresql://host:port/name"),
        ("ADMIN_IDS", "[12, 34]"),
        ("ADMIN_IDS", "12;34"),
        ("ADMIN_IDS", "-12"),
        ("ADMIN_IDS", "@alice"),
        ("TIME_ZONE", "Berlin"),
        ("TIME_ZONE", "UTC+2"),
        ("TIME_ZONE", "../etc/passwd"),
        ("SLOT_LENGTH", "15"),
        ("SLOT_LENGTH", "PT0M"),
        ("SLOT_LENGTH", "PT20M"),
        ("SLOT_LENGTH", "PT24H15M"),
        ("HOLD_DURATION", "00:30"),
        ("HOLD_DURATION", "PT0S"),
        ("HOLD_DURATION", "-PT5M"),
        ("HOLD_DURATION", "P7DT1S"),
        ("HOLD_DURATION", "P"),
        ("HOLD_DURATION", "PT"),
        ("NOTICE_PERIOD", "P1M"),
        ("NOTICE_PERIOD", "-P1D"),
        ("NOTICE_PERIOD", "P9999999999D"),
        ("NOTICE_PERIOD", "P365DT1S"),
        ("BOOKING_HORIZON", "PT0S"),
        ("BOOKING_HORIZON", "PT24H"),
        ("BOOKING_HORIZON", "P400DT1S"),
        ("HOLDS_PER_CLIENT", "0"),
        ("HOLDS_PER_CLIENT", "1.5"),
        ("HOLDS_PER_CLIENT", "many"),
        ("TELEGRAM_API_URL", "ftp://host"),
        ("TELEGRAM_API_URL", "127.0.0.1:8081"),
        ("TELEGRAM_API_URL", "http://"),
        ("TELEGRAM_API_URL", "http://host?x=1"),
        ("WEBHOOK_SECRET", "not allowed!"),
        ("WEBHOOK_SECRET", "x" * 257),
        ("WEBHOOK_URL", "http://example.org/telegram"),
        ("WEBHOOK_URL", "https://example.org/telegram"),
        ("WEBHOOK_URL", "http://127.0.0.1.example.org/telegram"),
        ("WEBHOOK_URL", "ftp://localhost/telegram"),
        ("WEBHOOK_URL", "https://example.org/telegram#part"),
        ("WEBHOOK_URL", "https://example.org/healthz"),
        ("WEBHOOK_URL", "https://example.org/%72eadyz?x=1"),
        ("WEBHOOK_URL", "http://localhost/metrics"),
        ("LISTEN", "8080"),
        ("LISTEN", ":8080"),
        ("LISTEN", "::1:8080"),
        ("LISTEN", "127.0.0.1:65536"),
        ("LISTEN", "127.0.0.1:http"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_an_invalid_value_is_reported_by_name_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (mistake,) = mistakes_of(monkeypatch, **{name: value})
    reported_name, _, advice = mistake.partition(": ")
    assert reported_name == name
    assert advice.startswith(("must be ", "must have ", "needs "))
    assert advice.endswith(".")


def test_all_errors_are_reported_at_once_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = mistakes_of(
        monkeypatch,
        BOT_TOKEN="s3cr3t",
        WEBHOOK_SECRET="hush hush",
        DATABASE_URL="postgresql://keeper:pa55word@db",
        SLOT_LENGTH="a while",
        NOTICE_PERIOD="P90D",
        LOG_FORMAT="xml",
    )
    named = [line.partition(":")[0] for line in lines]
    assert sorted(named) == [
        "BOOKING_HORIZON",
        "BOT_TOKEN",
        "DATABASE_URL",
        "LOG_FORMAT",
        "SLOT_LENGTH",
        "WEBHOOK_SECRET",
    ]
    assert not [secret for secret in ("s3cr3t", "hush", "pa55word") if secret in "\n".join(lines)]


def test_a_settings_error_has_no_chained_error_that_could_show_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_TOKEN", "s3cr3t")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_webhook_needs_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    (mistake,) = mistakes_of(monkeypatch, WEBHOOK_URL="https://example.org/telegram")
    assert (
        mistake
        == "WEBHOOK_URL: needs WEBHOOK_SECRET too, so that only Telegram can post to this address."
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:8080/telegram", "/telegram"),
        ("http://localhost", "/"),
        ("http://[::1]:8080/", "/"),
        ("https://example.org/a%20b/?x=1", "/a b/"),
        ("https://example.org/healthz/", "/healthz/"),
    ],
)
def test_a_webhook_url_may_be_http_on_this_machine_and_have_any_path_but_the_bots_own(
    url: str, path: str
) -> None:
    settings = Settings(_env_file=None, webhook_url=url, webhook_secret="hush")
    assert (settings.webhook_url, settings.webhook_path) == (url, path)


def test_a_reserved_path_is_rejected_by_name() -> None:
    with pytest.raises(ValidationError, match="/healthz, /readyz, /metrics are the bot's own"):
        Settings(_env_file=None, webhook_url="https://example.org/metrics", webhook_secret="hush")


def test_the_http_server_is_required_if_listen_or_a_webhook_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not load_settings().listen_is_set
    monkeypatch.setenv("LISTEN", "127.0.0.1:8080")
    assert load_settings().listen_is_set
    monkeypatch.setenv("LISTEN", "")
    assert not load_settings().listen_is_set
    assert Settings(
        _env_file=None, webhook_url="https://example.org/", webhook_secret="hush"
    ).listen_is_set


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "[::1]:0", "example.org:65535"])
def test_an_address_formats_as_it_was_parsed(text: str) -> None:
    assert str(Address.parse(text)) == text


def test_an_invalid_webhook_secret_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (mistake,) = mistakes_of(
        monkeypatch, WEBHOOK_URL="https://example.org/telegram", WEBHOOK_SECRET="two words"
    )
    assert mistake.startswith("WEBHOOK_SECRET: ")


@pytest.mark.parametrize(
    ("horizon", "notice"), [("P400D", "P365D"), ("PT1M", "PT59S"), ("P1DT1S", "PT24H")]
)
def test_a_horizon_just_within_its_limits_is_accepted(
    monkeypatch: pytest.MonkeyPatch, horizon: str, notice: str
) -> None:
    monkeypatch.setenv("BOOKING_HORIZON", horizon)
    monkeypatch.setenv("NOTICE_PERIOD", notice)
    policy = load_settings().policy
    assert policy.booking_horizon > policy.notice_period


def test_a_hold_may_last_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLD_DURATION", "P7D")
    assert load_settings().policy.hold_duration == timedelta(days=7)


def test_a_slot_may_last_a_whole_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOT_LENGTH", "P1D")
    assert load_settings().policy.slot_length == timedelta(hours=24)


def test_printed_settings_show_no_secret() -> None:
    settings = Settings(
        _env_file=None,
        bot_token=TOKEN,
        webhook_secret="hush_hush",
        database_url="postgresql://keeper:pa55word@db/slots",
    )
    printed = f"{settings!r} {settings} {settings.bot_token!r}"
    assert not [secret for secret in (TOKEN, "hush_hush", "pa55word") if secret in printed]


def test_a_validation_error_shows_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None, bot_token="s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings(_env_file=None).time_zone = "Europe/Berlin"  # type: ignore[misc]


@given(quarters=st.integers(min_value=1, max_value=96))
def test_any_number_of_quarters_up_to_a_day_may_be_the_slot_length(quarters: int) -> None:
    assert Settings(
        _env_file=None, slot_length=f"PT{quarters * 15}M"
    ).slot_length == quarters * timedelta(minutes=15)


@given(
    days=st.integers(0, 300),
    hours=st.integers(0, 99),
    minutes=st.integers(0, 99),
    seconds=st.integers(1, 99),
)
def test_a_duration_means_the_sum_of_its_parts(
    days: int, hours: int, minutes: int, seconds: int
) -> None:
    written = f"P{days}DT{hours}H{minutes}M{seconds}S"
    read = Settings(_env_file=None, notice_period="PT0S", booking_horizon=written).booking_horizon
    assert read == timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
