"""Telegram's HTML: entities in UTF-16 units, and refusals with byte offsets."""

import datetime as dt
import html
from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.html import parse_html
from simulator.refusals import Refusal
from simulator.state.entities import detected_in, trim_text


@pytest.mark.parametrize(
    ("source", "plain", "entities"),
    [
        ("plain", "plain", []),
        (
            "<b>a</b><i>b</i>",
            "ab",
            [
                {"type": "bold", "offset": 0, "length": 1},
                {"type": "italic", "offset": 1, "length": 1},
            ],
        ),
        ("<strong>a</strong>", "a", [{"type": "bold", "offset": 0, "length": 1}]),
        ("<u>a</u>", "a", [{"type": "underline", "offset": 0, "length": 1}]),
        ("<del>a</del>", "a", [{"type": "strikethrough", "offset": 0, "length": 1}]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [{"type": "spoiler", "offset": 0, "length": 1}]),
        ('<span class="tg-spoiler">a</span>', "a", [{"type": "spoiler", "offset": 0, "length": 1}]),
        ("👋 <b>👍🏽</b>", "👋 👍🏽", [{"type": "bold", "offset": 3, "length": 4}]),
        ("&lt;&gt;&amp;&quot;&#65;&#x1F44D;", '<>&"A👍', []),
        ("&laquo;&nbsp;&#0;&", "&laquo;&nbsp;&#0;&", []),
        ("<b></b>x", "x", []),
        ("<B>a</b >", "a", [{"type": "bold", "offset": 0, "length": 1}]),
        ("<pre>a</pre>", "a", [{"type": "pre", "offset": 0, "length": 1}]),
        (
            '<pre><code class="language-py">a</code></pre>',
            "a",
            [{"type": "pre", "offset": 0, "length": 1, "language": "py"}],
        ),
        (
            "<blockquote expandable>a</blockquote>",
            "a",
            [{"type": "expandable_blockquote", "offset": 0, "length": 1}],
        ),
        (
            '<a href="https://t.me/x?a=1&amp;b=2">a</a>',
            "a",
            [{"type": "text_link", "offset": 0, "length": 1, "url": "https://t.me/x?a=1&b=2"}],
        ),
        ('<a href="nonsense">a</a>', "a", []),
        (
            '<a href="tg://user?id=7">a</a>',
            "a",
            [{"type": "text_mention", "offset": 0, "length": 1, "user_id": 7}],
        ),
        (
            '<tg-emoji emoji-id="5">👍</tg-emoji>',
            "👍",
            [{"type": "custom_emoji", "offset": 0, "length": 2, "custom_emoji_id": "5"}],
        ),
        (
            '<tg-time unix="1764000000">then</tg-time>',
            "then",
            [{"type": "date_time", "offset": 0, "length": 4, "unix_time": 1764000000}],
        ),
        (
            '<tg-time unix="1764000000" format="wDt">then</tg-time>',
            "then",
            [
                {
                    "type": "date_time",
                    "offset": 0,
                    "length": 4,
                    "unix_time": 1764000000,
                    "date_time_format": "wDt",
                }
            ],
        ),
    ],
)
def test_tags_become_entities(source: str, plain: str, entities: list[dict[str, Any]]) -> None:
    assert parse_html(source) == (plain, entities)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("é<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("👍 < b", 'Unsupported start tag "" at byte offset 5'),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
        ("<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<i>a</i   ", "Unclosed end tag at byte offset 4"),
        (
            "<b><i>test</b></i>",
            'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"',
        ),
        ("<b>unclosed", 'Can\'t find end tag corresponding to start tag "b"'),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
        ('<tg-time unix="soon">y</tg-time>', "Invalid Unix time specified"),
        ('<tg-time unix="1" format="tw">y</tg-time>', "Invalid date-time format specified"),
    ],
)
def test_bad_html_is_refused_with_its_offset(source: str, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


@pytest.mark.parametrize("half", ["&#xD800;", "&#xDFFF;"])
def test_half_a_surrogate_pair_is_refused(half: str) -> None:
    with pytest.raises(Refusal, match="unmatched surrogate"):
        parse_html(half)


def test_white_space_around_a_text_is_trimmed_and_entities_move() -> None:
    assert trim_text("\n  a b \n", [{"type": "bold", "offset": 5, "length": 3}]) == (
        "a b",
        [{"type": "bold", "offset": 2, "length": 1}],
    )


def test_white_space_inside_the_first_entity_stays() -> None:
    assert trim_text(" a", [{"type": "bold", "offset": 0, "length": 2}]) == (
        " a",
        [{"type": "bold", "offset": 0, "length": 2}],
    )


def test_an_entity_of_only_white_space_is_dropped() -> None:
    assert trim_text("a b", [{"type": "bold", "offset": 1, "length": 1}]) == ("a b", [])


def test_code_contains_no_entities_and_quotes_no_quotes() -> None:
    code = {"type": "code", "offset": 0, "length": 3}
    assert trim_text("abc", [code, {"type": "bold", "offset": 1, "length": 1}]) == ("abc", [code])
    quote = {"type": "blockquote", "offset": 0, "length": 3}
    assert trim_text("abc", [quote, {"type": "blockquote", "offset": 1, "length": 1}]) == (
        "abc",
        [quote],
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start book_x", [("bot_command", "/start")]),
        ("👍 /book@slotkeeper_bot now", [("bot_command", "/book@slotkeeper_bot")]),
        ("a/b /c/d", []),
        ("see https://x.org/a, or t.me/b.", [("url", "https://x.org/a"), ("url", "t.me/b")]),
        ("ask @alice or a@b.org", [("mention", "@alice")]),
    ],
)
def test_commands_links_and_mentions_are_detected(text: str, found: list[tuple[str, str]]) -> None:
    units = text.encode("utf-16-le")
    shown = [
        (e["type"], units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le"))
        for e in detected_in(text)
    ]
    assert shown == found


_words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6).map(
    html.escape
)
_pairs = st.sampled_from(
    (
        ("<b>", "</b>"),
        ("<i>", "</i>"),
        ("<u>", "</u>"),
        ("<s>", "</s>"),
        ('<span class="tg-spoiler">', "</span>"),
        ('<a href="https://example.org/?a=1">', "</a>"),
        ("<blockquote>", "</blockquote>"),
        ("<code>", "</code>"),
        ("<pre>", "</pre>"),
        ('<tg-time unix="1764000000" format="wDt">', "</tg-time>"),
    )
)
_marked = st.recursive(
    _words,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(" ".join),
        st.tuples(_pairs, inner).map(lambda parts: parts[0][0] + parts[1] + parts[0][1]),
    ),
    max_leaves=8,
)


def _shown(source: str) -> tuple[str, list[dict[str, Any]]]:
    plain, entities = parse_html(source)
    return trim_text(plain, entities)


@given(_marked)
def test_the_library_reads_back_the_same_text(source: str) -> None:
    plain, entities = _shown(source)
    message = telegram.Message(
        message_id=1,
        date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        chat=telegram.Chat(1, "private"),
        text=plain,
        entities=telegram.MessageEntity.de_list(entities, None),
    )
    assert _shown(message.text_html) == (plain, entities)


@given(_words)
def test_escaped_text_is_unchanged(escaped: str) -> None:
    assert parse_html(escaped) == (html.unescape(escaped), [])
