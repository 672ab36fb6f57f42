"""Every language has exactly the texts that the code uses, with the same values."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po
from markupsafe import Markup

from bot.ui.command_menu import Roles, commands_for
from bot.ui.formats import Times
from bot.ui.locale import UserLocale
from bot.ui.refusals import refusal_text
from bot.ui.texts import LANGUAGES, texts_in
from domain.provider import Acting, Role
from tests.kit.refusals import refusals_of
from tests.kit.screens import DORA

ZONE = ZoneInfo("Europe/Berlin")
BOT = Path(__file__).parents[3] / "bot"
# Prefixes that code joins with a code; the tests below collect the codes.
PREFIXES = ("refusal.", "typed.", "typed.note.", "menu.", "privacy.", "button.")
KEY = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")
# File names that look like keys.
NOT_KEYS = {"demo.db", "tzdata.zi", "zone.tab", "zonenow.tab"}


def catalogue(language: str) -> Catalog:
    with (BOT / "ui" / "locales" / language / "LC_MESSAGES" / "slotkeeper.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def texts_of(language: str) -> dict[str, tuple[str, ...]]:
    """Return each key with its text, or its texts in all plural forms."""
    texts = {}
    for message in catalogue(language):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            texts[key] = (
                (message.string,)
                if isinstance(message.string, str)
                else tuple(message.string or ())
            )
    return texts


def string_constants() -> Iterator[str]:
    """Yield every string constant in the code."""
    for file in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


WORDS = set(string_constants())
USED_KEYS = {word for word in WORDS if KEY.fullmatch(word)} - NOT_KEYS
# A problem's or a note's code is the end of a key.
CODES = {f"{start}{word}" for start in PREFIXES for word in WORDS if word.isidentifier()}
KINDS = {kind.code: kind for kind in refusals_of()}
REFUSALS = sorted(KINDS)
EVERY_ROLE = Roles((Acting(DORA, Role.SELF),), admin=True)
ASSISTANT = Roles((Acting(DORA, Role.ASSISTANT),))


def test_the_code_uses_keys() -> None:
    assert len(USED_KEYS) > 100
    assert {"card.held", "booking.time_twice", "hours.preview"} <= USED_KEYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_used_key_has_a_text(language: str) -> None:
    assert USED_KEYS - set(texts_of(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_a_text(language: str, code: str) -> None:
    kind = KINDS[code]
    t = texts_in(language)
    day = timedelta(days=1)
    sentence = refusal_text(
        UserLocale(t, Times(t.locale, ZONE)),
        kind(notice_period=day, booking_horizon=day, limit=3, zone="Mars/Base", provider="Dora"),
    )

    assert sentence != f"refusal.{code}"
    assert "{" not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("pattern", "start"),
    [(r'Problem\(\s*"(\w+)"', "typed."), (r'Note\(\s*"(\w+)"', "typed.note.")],
    ids=["problems", "notes"],
)
def test_every_problem_and_note_of_typed_text_has_a_text(
    language: str, pattern: str, start: str
) -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in (BOT / "parsing").rglob("*.py"))
    codes = {f"{start}{code}" for code in re.findall(pattern, source)}

    assert len(codes) > 3
    assert codes - set(texts_of(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("roles", [EVERY_ROLE, ASSISTANT], ids=["every role", "assistant"])
def test_every_command_has_a_description(language: str, roles: Roles) -> None:
    commands = commands_for(texts_in(language), roles)

    assert [name for name, does in commands if does.startswith(f"menu.{name}")] == []


def test_all_languages_have_the_same_keys_and_values() -> None:
    english = texts_of("en")

    for language in LANGUAGES:
        other = texts_of(language)
        assert set(other) == set(english)
        assert {key for key in english if values_in(other[key]) != values_in(english[key])} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_all_plural_forms(language: str) -> None:
    plurals = catalogue(language).num_plurals

    for key, texts in texts_of(language).items():
        assert all(texts), key
        assert len(texts) in {1, plurals}, key
    assert not any(message.fuzzy for message in catalogue(language) if message.id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_puts_brackets_around_a_zone_that_has_its_own(language: str) -> None:
    texts = texts_of(language)

    assert [key for key in texts if any("({zone})" in text for text in texts[key])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_used(language: str) -> None:
    assert (
        set(texts_of(language))
        - USED_KEYS
        - CODES
        - {f"refusal.{code}" for code in REFUSALS}
        - {"refusal"}
        == set()
    )


def values_in(texts: tuple[str, ...]) -> set[str]:
    """Return the names of the values in any form of a text; a form may leave out ``n``."""
    return {name for text in texts for name in re.findall(r"{(\w+)}", text)} - {"n"}


def test_a_missing_or_unused_text_would_be_found() -> None:
    english = set(texts_of("en"))

    assert USED_KEYS - (english - {"card.held"}) == {"card.held"}
    assert (english | {"card.forgotten"}) - USED_KEYS - CODES - {
        f"refusal.{code}" for code in REFUSALS
    } - {"refusal"} == {"card.forgotten"}


def test_values_are_escaped_except_markup_and_in_plain_texts() -> None:
    t = texts_in("en")
    text = t("refusal", sentence="<b>Bob</b> & {braces}")

    assert "&lt;b&gt;Bob&lt;/b&gt; &amp; {braces}" in text
    assert "<b>Bob</b>" in t("refusal", sentence=Markup("<b>Bob</b>"))
    assert "<b>Bob</b>" in t.plain("refusal", sentence="<b>Bob</b>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_error_text_fits_into_the_answer_to_a_tap(language: str) -> None:
    assert len(texts_in(language).plain("error.ours")) <= 200
