"""Which provider a typed line names, if any, and what is left of the line."""

from datetime import date

import pytest

from bot.dialogue.provider_names import named_provider
from domain.provider import Provider

TODAY = date(2026, 11, 23)


def named(line: str, *names: str) -> tuple[str | None, str]:
    """Return the slug of the provider whom a line names, and the rest of the line.

    Each name may be followed by a slug, as in ``Anna|anna-2``; namesakes share their name.
    """
    pairs = [(name.partition("|")[0], name.partition("|")[2]) for name in names]
    known = [name for name, _ in pairs]
    providers = [
        Provider(n, name, slug or name.lower().replace(" ", "-"), None, known.count(name) > 1)
        for n, (name, slug) in enumerate(pairs, start=1)
    ]
    found, rest = named_provider(providers, line, TODAY)
    return (found.slug if found else None), rest


@pytest.mark.parametrize(
    ("line", "provider", "rest"),
    [
        ("Emil Mon 9-12", "emil", "Mon 9-12"),
        ("Mon 9-12 Emil", "emil", "Mon 9-12"),
        ("Mon Emil 9-12", "emil", "Mon 9-12"),
        ("Emil", "emil", ""),
        ("emil", "emil", ""),
        ("EMIL mon 9-12", "emil", "mon 9-12"),
        ("Émil Mon 9-12", "emil", "Mon 9-12"),
        ("Emil: Mon 9-12, 13-17", "emil", "Mon 9-12, 13-17"),
        ("Emil, Mon 9-12", "emil", "Mon 9-12"),
        ("Mon 9-12 (Emil)", "emil", "Mon 9-12"),
        ("Mon 9-12, Emil.", "emil", "Mon 9-12"),
        ("Mon 9-12 for Emil", "emil", "Mon 9-12"),
        ("Mo 9-12 für Emil", "emil", "Mo 9-12"),
        ("Emil?", "emil", ""),
        ("Emil Mon 9-12 every week", "emil", "Mon 9-12 every week"),
        ("Emil jeden Montag 9-12", "emil", "jeden Montag 9-12"),
        ("Emil 32 May 9-12", "emil", "32 May 9-12"),
        ("Emil Sat 1 Dec 9-12", "emil", "Sat 1 Dec 9-12"),
        ("Emil yesterday 9-12", "emil", "yesterday 9-12"),
        ("Emil Mon 12-9", "emil", "Mon 12-9"),
        ("Emil Mon 9", "emil", "Mon 9"),
        ("Emilia Mon 9-12", None, "Emilia Mon 9-12"),
        ("Emil's Mon 9-12", None, "Emil's Mon 9-12"),
        ("Emil-Otto Mon 9-12", None, "Emil-Otto Mon 9-12"),
        ("Emil Dora Mon 9-12", None, "Emil Dora Mon 9-12"),
        ("Emil and Dora Mon 9-12", None, "Emil and Dora Mon 9-12"),
        ("Mon 9-12", None, "Mon 9-12"),
        ("", None, ""),
        (" ,;: ", None, " ,;: "),
        ("🙂", None, "🙂"),
    ],
)
def test_a_name_is_found_as_a_whole_word(line: str, provider: str | None, rest: str) -> None:
    assert named(line, "Dora", "Emil") == (provider, rest)


@pytest.mark.parametrize(
    ("line", "provider", "rest"),
    [
        ("Dr. Dora Baker Mon 9-12", "dr-dora-baker", "Mon 9-12"),
        ("dr dora baker Mon 9-12", "dr-dora-baker", "Mon 9-12"),
        ("Baker Mon 9-12", "dr-dora-baker", "Mon 9-12"),
        ("Dora Mon 9-12", "dr-dora-baker", "Mon 9-12"),
        ("dr-dora-baker Mon 9-12", "dr-dora-baker", "Mon 9-12"),
        ("Dr Mon 9-12", None, "Dr Mon 9-12"),
        ("Dr. Mon 9-12", None, "Dr. Mon 9-12"),
        ("Dr. Emil Mon 9-12", "dr-emil-cook", "Mon 9-12"),
    ],
)
def test_one_word_is_enough_if_no_other_provider_has_it(
    line: str, provider: str | None, rest: str
) -> None:
    names = ("Dr. Dora Baker|dr-dora-baker", "Dr. Emil Cook|dr-emil-cook")
    assert named(line, *names) == (provider, rest)


@pytest.mark.parametrize(
    ("line", "provider"),
    [
        ("Anna Schmidt Mon 9-12", "anna-schmidt"),
        ("Schmidt Mon 9-12", "anna-schmidt"),
        ("Weber Mon 9-12", "anna-weber"),
        ("anna-weber Mon 9-12", "anna-weber"),
        ("Anna Mon 9-12", None),
        ("Schmidt Weber Mon 9-12", None),
    ],
)
def test_a_shared_first_name_names_no_one(line: str, provider: str | None) -> None:
    assert named(line, "Anna Schmidt", "Anna Weber")[0] == provider


def test_a_whole_name_wins_over_part_of_a_longer_one() -> None:
    assert named("Anna Mon 9-12", "Anna", "Anna Schmidt") == ("anna", "Mon 9-12")
    assert named("Anna Schmidt Mon 9-12", "Anna", "Anna Schmidt") == ("anna-schmidt", "Mon 9-12")


@pytest.mark.parametrize(
    ("line", "provider", "rest"),
    [
        ("Anna (anna-2) Mon 9-12", "anna-2", "Mon 9-12"),
        ("Mon 9-12 Anna (anna-2)", "anna-2", "Mon 9-12"),
        ("anna-2 Mon 9-12", "anna-2", "Mon 9-12"),
        ("Anna (anna) Mon 9-12", "anna", "Mon 9-12"),
        ("Anna Mon 9-12", None, "Anna Mon 9-12"),
    ],
)
def test_namesakes_are_told_apart_by_their_labels(
    line: str, provider: str | None, rest: str
) -> None:
    assert named(line, "Anna|anna", "Anna|anna-2") == (provider, rest)


@pytest.mark.parametrize(
    ("line", "provider", "rest"),
    [
        ("4 May 9-12", None, "4 May 9-12"),
        ("May 4 9-12", None, "May 4 9-12"),
        ("4 May", None, "4 May"),
        ("32 May 9-12", None, "32 May 9-12"),
        ("Sat 4 May 9-12", None, "Sat 4 May 9-12"),
        ("4 May 12-9", None, "4 May 12-9"),
        ("4 May 9", None, "4 May 9"),
        ("31 May 2027", None, "31 May 2027"),
        ("4 May, 5 May", None, "4 May, 5 May"),
        ("May Fri 9-12", "may", "Fri 9-12"),
        ("May Mon 9-12", None, "May Mon 9-12"),
        ("May tomorrow", "may", "tomorrow"),
        ("May 4 May 9-12", "may", "4 May 9-12"),
        ("May", "may", ""),
        ("Mon 9-12", None, "Mon 9-12"),
        ("Mon", None, "Mon"),
        ("Mon Tue 9-12", "mon", "Tue 9-12"),
        ("Mon tomorrow 9-12", "mon", "tomorrow 9-12"),
        ("April tomorrow 9-12", "april-summer", "tomorrow 9-12"),
        ("Summer 4 April 9-12", "april-summer", "4 April 9-12"),
        ("4 April 9-12", None, "4 April 9-12"),
    ],
)
def test_a_name_like_a_day_or_a_month_is_read_as_a_date_where_that_makes_sense(
    line: str, provider: str | None, rest: str
) -> None:
    assert named(line, "May", "Mon", "April Summer") == (provider, rest)


@pytest.mark.parametrize("line", ["am Montag 9-12", "morgen 9-12", "next Monday 9-12"])
def test_small_words_of_a_date_name_no_one(line: str) -> None:
    assert named(line, "Praxis am Markt", "Next Morgen") == (None, line)


@pytest.mark.parametrize(
    ("line", "provider", "rest"),
    [
        ("Room 4 Mon 9-12", "room-4", "Mon 9-12"),
        ("room-5 Mon 9-12", "room-5", "Mon 9-12"),
        ("Room Mon 9-12", None, "Room Mon 9-12"),
        ("Mon 4-5", None, "Mon 4-5"),
        ("4 Dec 9-12", None, "4 Dec 9-12"),
        ("4", None, "4"),
    ],
)
def test_digits_alone_name_no_one(line: str, provider: str | None, rest: str) -> None:
    assert named(line, "Room 4", "Room 5") == (provider, rest)


@pytest.mark.parametrize("name", ["<b>Bo</b> & {x}", "O'Neil", "O\u2019Neil", "李雷", "😀", "Åse"])
def test_any_name_can_be_typed_as_it_is_shown(name: str) -> None:
    assert named(f"{name} tomorrow 9-12", f"{name}|one", "Emil") == ("one", "tomorrow 9-12")


def test_no_line_is_too_long_to_be_answered() -> None:
    assert named("Emil " + "x" * 5000, "Dora", "Emil") == ("emil", "x" * 5000)
