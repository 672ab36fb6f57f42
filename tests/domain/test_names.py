"""Names, slugs and zones."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import errors
from domain.person import NAME_LIMIT, phone_number, public_name, zone_named
from domain.provider import (
    SLUG_LIMIT,
    Provider,
    looks_like_label,
    name_key,
    slug_for,
    spelling_key,
)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Alice", "Alice"),
        ("  Alice \t Baker\n", "Alice Baker"),
        ("Alice\nBaker", "Alice Baker"),
        ("Ali\u202ece", "Ali ce"),
        ("\u2066Alice\u2069", "Alice"),
        ("A\x00B", "A B"),
        ("👩\u200d⚕️ Zoë", "👩\u200d⚕️ Zoë"),
        ("A\u3164B", "A B"),
        ("Zoë · Łódź 😀", "Zoë · Łódź 😀"),
        ("<b>Alice</b>", "<b>Alice</b>"),
        ("x" * 64, "x" * 64),
        (" " * 100 + "x" * 64, "x" * 64),
    ],
)
def test_a_public_name_is_one_tidy_line(typed: str, shown: str) -> None:
    assert public_name(typed) == shown


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n\t", "\u202e\u200b", "x" * 65, "\u3164\u2800", "\ufe0f", "\u200d"]
)
def test_an_empty_or_long_name_is_refused(typed: str) -> None:
    with pytest.raises(errors.NameUnusable) as refused:
        public_name(typed)

    assert refused.value.values == {"limit": NAME_LIMIT}


@given(st.text(max_size=80))
def test_a_public_name_can_neither_break_a_line_nor_turn_the_reading_direction(typed: str) -> None:
    try:
        shown = public_name(typed)
    except errors.NameUnusable:
        return
    assert not {unicodedata.category(c) for c in shown if c != "\u200d"} & {
        "Cc",
        "Cf",
        "Zl",
        "Zp",
        "Cs",
    }
    assert 0 < len(shown) <= 64
    assert public_name(shown) == shown


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Alice Baker", "alice-baker"),
        ("Jürgen Groß", "juergen-gross"),
        ("Åse Ødegård", "aase-oedegaard"),
        ("Łukasz", "lukasz"),
        ("Renée", "renee"),
        ("  --Dr. A.B.--  ", "dr-a-b"),
        ("Анна", "provider"),
        ("😀", "provider"),
        ("", "provider"),
        ("x" * 40, "x" * 32),
        ("a" * 31 + " b", "a" * 31),
        ("Praxis 24/7", "praxis-24-7"),
    ],
)
def test_a_slug_is_the_plain_form_of_a_name(name: str, slug: str) -> None:
    assert slug_for(name) == slug


@given(st.text(max_size=80))
def test_every_slug_fits_a_deep_link(name: str) -> None:
    slug = slug_for(name)

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= SLUG_LIMIT


def test_a_zone_is_found_by_its_iana_name() -> None:
    assert zone_named("Europe/Berlin").key == "Europe/Berlin"


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "../../etc/passwd", "/etc/localtime", "Mars/Olympus"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(errors.ZoneUnknown) as refused:
        zone_named(name)

    assert refused.value.values == {"zone": name}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Anna Weber", "anna weber"),
        ("Jérôme", "jerome"),
        ("JE\u0301RO\u0302ME", "jerome"),
        ("O’Brien", "o'brien"),
        ("Straße", "strasse"),
        ("Çağrı", "cagrı"),
        ("रामू", "रामू"),
        ("Ирина", "ирина"),
        ("李小龙", "李小龙"),
    ],
)
def test_names_are_compared_without_case_and_accents(name: str, key: str) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize("name", ["Müller-Groß", "Mueller-Gross", "Muller Gross"])
def test_spellings_of_a_name_have_the_same_key(name: str) -> None:
    assert spelling_key(name) == "muller gross"


@given(st.text(max_size=NAME_LIMIT))
def test_the_key_of_a_name_is_its_own_key_and_fits_its_column(name: str) -> None:
    key = name_key(name)

    assert name_key(key) == key
    assert len(key) <= 256


def test_a_label_has_the_slug_only_where_the_name_is_shared() -> None:
    assert Provider(1, "Anna", "anna-2").label == "Anna"
    assert Provider(1, "Anna", "anna-2", shares_name=True).label == "Anna (anna-2)"


@pytest.mark.parametrize(
    ("name", "reserved"),
    [
        ("Anna Weber (anna-weber)", True),
        ("Anna Weber (anna-weber-2)", True),
        ("anna wéber(Anna-Weber-12) ", True),
        ("Anna Weber (Physio)", False),
        ("Anna (anna-weber)", False),
        ("Anna Weber", False),
        ("(anna)", False),
    ],
)
def test_a_name_that_looks_like_a_label_is_recognised(name: str, reserved: bool) -> None:
    assert looks_like_label(name) is reserved


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("030 123-4567", "0301234567"),
        ("+49 (30) 1234.567", "+49301234567"),
        ("112", "112"),
        ("+123456789012345", "+123456789012345"),
    ],
)
def test_a_phone_number_is_kept_as_digits(text: str, number: str) -> None:
    assert phone_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "11", "1234567890123456", "call me", "++49 30 1234", "٠٣٠١٢٣"]
)
def test_a_text_that_is_no_phone_number_is_refused(text: str) -> None:
    with pytest.raises(errors.PhoneUnusable):
        phone_number(text)
