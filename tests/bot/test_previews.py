"""Every screen has a preview, and every preview fits what Telegram takes, in every language."""

import re

import pytest

from bot.buttons.base import read
from bot.ui.texts import LANGUAGES
from tests.kit.preview import Preview, every_preview, screen_functions
from tests.kit.preview_page import page
from tests.kit.screens import labels, locale_in

LONGEST_TEXT, MOST_BUTTONS, WIDEST_ROW = 4096, 100, 8
# How a text that is missing in a catalogue reads.
KEY = re.compile(r"\b[a-z]+\.[a-z]+(_[a-z]+)+\b|\{\w*\}")
PREVIEWS = every_preview()


def test_every_screen_has_a_preview() -> None:
    assert {preview.of for preview in PREVIEWS} == set(screen_functions())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("preview", PREVIEWS, ids=lambda preview: f"{preview.of} {preview.state}")
def test_a_preview_fits_and_is_written_in_every_language(preview: Preview, language: str) -> None:
    screen = preview.screen(locale_in(language))

    assert 0 < len(screen.plain) <= LONGEST_TEXT
    assert len(labels(screen)) <= MOST_BUTTONS
    assert all(0 < len(row) <= WIDEST_ROW for row in screen.rows)
    assert all(button.url or read(button.data) for row in screen.rows for button in row)
    assert not KEY.search(" ".join([screen.plain, *labels(screen)]))


def test_the_page_shows_every_preview_in_every_language() -> None:
    drawn = page()

    assert drawn.count('<article class="screen"') == len(PREVIEWS) * len(LANGUAGES)
    assert "prefers-color-scheme: dark" in drawn
