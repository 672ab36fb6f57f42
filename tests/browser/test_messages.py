"""What the page shows and does without a bot: the test plays the bot, people press and type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from simulator import Simulator, Upload
from simulator.demo import Demo, DemoPerson
from simulator.state.clock import DemoClock
from simulator.state.media import SMALLEST_PNG
from tests.browser.phones import TIMEOUT_MS, DemoPage, Phone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MOMENT = int(datetime(2026, 11, 24, 13, 15, tzinfo=UTC).timestamp())
PRESS = {"inline_keyboard": [[{"text": "Press", "callback_data": "p"}]]}
_RECORD_CONNECTIONS = """connection => {
  window.connections = [];
  const record = () => window.connections.push(connection.textContent);
  new MutationObserver(record).observe(connection, { childList: true });
}"""


@dataclass(frozen=True, slots=True)
class Stage:
    """The page in a window, its server, and the console errors so far."""

    sim: Simulator
    demo: Demo
    shown: DemoPage
    complaints: list[str]

    @property
    def page(self) -> Page:
        return self.shown.page

    @property
    def alice(self) -> Phone:
        return self.shown.alice

    async def bot(self, method: str, files: dict[str, Upload] | None = None, **params: Any) -> Any:
        """Call a Bot API method, in Alice's chat by default, and return the result."""
        reply = await self.sim.call(method, {"chat_id": self.alice.number} | params, files)
        assert isinstance(reply.body, dict)
        assert reply.body["ok"], reply.body
        return reply.body["result"]

    async def says(self, text: str, **params: Any) -> int:
        """Send a message as the bot and return its number."""
        return int((await self.bot("sendMessage", text=text, **params))["message_id"])

    async def answers_press(self, **answer: Any) -> None:
        """Press the newest button on Alice's phone and answer as the bot."""
        async with self.page.expect_response("**/demo/tap"):
            await self.alice.taps("Press")
        query = self.sim.take_updates()[-1]["callback_query"]["id"]
        await self.bot("answerCallbackQuery", callback_query_id=query, **answer)

    def message(self, number: int) -> Locator:
        """Return a message on Alice's phone by its number."""
        return self.alice.screen.locator(f'[data-message="{number}"]')


@pytest_asyncio.fixture(loop_scope="session")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """Three people who have started, in three zones; console errors fail the test."""
    clock = DemoClock(START)
    sim = Simulator(clock=clock)
    people = [sim.person("Dora"), sim.person("Alice"), sim.person("Bernd", language_code="de")]
    for person in people:
        person.sends("/start")
    zones = ("Europe/Berlin", "Asia/Kathmandu", "America/New_York")
    demo = Demo(
        sim,
        [DemoPerson(person, zone) for person, zone in zip(people, zones, strict=True)],
        clock=clock,
    )
    await demo.start()
    try:
        async with _window(browser, demo.url) as (page, complaints):
            yield Stage(sim, demo, DemoPage(page), complaints)
    finally:
        await demo.stop()


@asynccontextmanager
async def _window(browser: Browser, url: str) -> AsyncIterator[tuple[Page, list[str]]]:
    complaints: list[str] = []

    def record_complaint(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    context = await browser.new_context(
        viewport={"width": 1400, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    page.on("console", record_complaint)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        await page.goto(url)
        await page.wait_for_selector("body[data-ready]")
        yield page, complaints
    finally:
        await context.close()
    assert complaints == []


async def test_an_answer_to_a_tap_is_shown_as_a_toast(stage: Stage) -> None:
    await stage.says("Well?", reply_markup=PRESS)
    await stage.answers_press(text="Done & <b>dusted</b>")
    await expect(stage.alice.screen.get_by_test_id("toast")).to_have_text("Done & <b>dusted</b>")
    await expect(stage.alice.button("Press")).not_to_have_attribute("aria-busy", "true")
    await expect(stage.shown.dora.screen.get_by_test_id("toast")).to_have_count(0)


async def test_an_alert_is_shown_until_escape_closes_it(stage: Stage) -> None:
    await stage.says("Well?", reply_markup=PRESS)
    await stage.answers_press(text="Read me", show_alert=True)
    await expect(stage.alice.screen.get_by_test_id("alert")).to_contain_text("Read me")
    await expect(stage.alice.screen.get_by_test_id("alert-close")).to_be_focused()
    await stage.page.keyboard.press("Escape")
    await expect(stage.alice.screen.get_by_test_id("alert")).to_have_count(0)
    await expect(stage.alice.button("Press")).to_be_focused()


async def test_a_document_is_saved_under_its_own_name(stage: Stage) -> None:
    await stage.bot(
        "sendDocument", {"document": Upload("my täg.ics", "text/calendar", b"BEGIN:VCALENDAR")}
    )
    async with stage.page.expect_download() as saving:
        await stage.alice.screen.get_by_test_id("document").click()
    saved = await saving.value
    assert saved.suggested_filename == "my täg.ics"
    assert _content(await saved.path()) == b"BEGIN:VCALENDAR"


def _content(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_picture_is_shown_with_its_caption(stage: Stage) -> None:
    await stage.bot(
        "sendPhoto", {"photo": Upload("code.png", "image/png", SMALLEST_PNG)}, caption="Scan me"
    )
    picture = stage.alice.screen.get_by_test_id("photo").get_by_role("img", name="Picture code.png")
    await expect(picture).to_have_js_property("naturalWidth", 1)
    await stage.alice.newest_says("Scan me")


async def test_formatting_is_rendered(stage: Stage) -> None:
    number = await stage.says(
        '<b>Bold &amp; <i>both</i></b> <a href="https://example.org/a">link</a>', parse_mode="HTML"
    )
    text = stage.message(number).get_by_test_id("text")
    await expect(text).to_have_text("Bold & both link")
    await expect(text.locator("strong")).to_have_text("Bold & both")
    await expect(text.locator("strong em")).to_have_text("both")
    await expect(text.get_by_role("link", name="link")).to_have_attribute(
        "href", "https://example.org/a"
    )
    await expect(text.get_by_role("link", name="link")).to_have_attribute(
        "rel", "noopener noreferrer"
    )


async def test_a_spoiler_is_hidden_until_it_is_pressed(stage: Stage) -> None:
    await stage.says("It was <tg-spoiler>the <b>gardener</b></tg-spoiler>.", parse_mode="HTML")
    spoiler = stage.alice.screen.locator(".spoiler")
    await expect(spoiler.locator("strong")).to_be_hidden()
    await expect(spoiler).to_have_css("color", "rgba(0, 0, 0, 0)")
    await spoiler.click()
    await expect(spoiler.locator("strong")).to_be_visible()
    await expect(spoiler).not_to_have_css("color", "rgba(0, 0, 0, 0)")


async def test_pressing_code_copies_it(stage: Stage) -> None:
    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await stage.says("Use <code>K7 &lt;X&gt;</code> there.", parse_mode="HTML")
    await stage.alice.screen.locator("code").click()
    await expect(stage.alice.screen.get_by_test_id("toast")).to_have_text("Copied.")
    assert await stage.page.evaluate("navigator.clipboard.readText()") == "K7 <X>"


async def test_pressing_a_command_in_a_text_sends_it(stage: Stage) -> None:
    await stage.says("Look at /today first.")
    await stage.alice.screen.get_by_test_id("command-link").filter(has_text="/today").click()
    await expect(_own_texts(stage.alice).last).to_have_text("/today")
    assert stage.sim.take_updates()[-1]["message"]["text"] == "/today"


def _own_texts(phone: Phone) -> Locator:
    return phone.screen.locator('[data-sender="person"]').get_by_test_id("text")


async def test_a_time_is_shown_in_the_zone_and_language_of_the_person(
    stage: Stage,
) -> None:
    readings = (
        (stage.shown.dora, "Tuesday, 14:15, 24 November 2026", "Europe/Berlin (GMT+1)"),
        (stage.alice, "Tuesday, 19:00, 24 November 2026", "Asia/Kathmandu (GMT+5:45)"),
        (stage.shown.bernd, "Dienstag, 08:15, 24. November 2026", "America/New_York (GMT-5)"),
    )
    for phone, reading, zone in readings:
        await stage.says(
            f'<tg-time unix="{MOMENT}" format="wDt">then</tg-time>',
            parse_mode="HTML",
            chat_id=phone.number,
        )
        await expect(phone.screen.get_by_test_id("date-time")).to_have_text(reading)
        await phone.screen.get_by_test_id("date-time").click()
        await expect(stage.page.get_by_test_id("moment")).to_contain_text(zone)
        await stage.page.keyboard.press("Escape")
        await expect(stage.page.get_by_test_id("moment")).to_be_hidden()


async def test_a_relative_time_changes_with_the_clock(stage: Stage) -> None:
    await stage.says(f'<tg-time unix="{MOMENT}" format="r">then</tg-time>', parse_mode="HTML")
    await expect(stage.alice.screen.get_by_test_id("date-time")).to_have_text("tomorrow")
    await stage.shown.skips("1d")
    await expect(stage.alice.screen.get_by_test_id("date-time")).to_have_text("in 4 hours")


async def test_an_edit_changes_a_message_in_place(stage: Stage) -> None:
    first, second = [await stage.says(text, reply_markup=PRESS) for text in ("first", "second")]
    await expect(stage.message(second)).to_be_visible()
    await stage.bot("editMessageText", message_id=first, text="first, better")
    await expect(stage.message(first).get_by_test_id("text")).to_have_text("first, better")
    await expect(stage.message(first)).to_contain_text("edited")
    await expect(stage.message(first).get_by_test_id("button")).to_have_count(0)
    await expect(stage.message(second).get_by_test_id("button")).to_have_count(1)
    await expect(stage.alice.texts).to_have_text(["first, better", "second"])


async def test_a_deleted_message_disappears_from_its_phone_only(stage: Stage) -> None:
    number = await stage.says("Oops")
    await stage.says("Oops", chat_id=stage.shown.dora.number)
    await stage.shown.dora.sees("Oops")
    await expect(stage.message(number)).to_be_visible()
    await stage.bot("deleteMessage", message_id=number)
    await expect(stage.message(number)).to_have_count(0)
    await stage.shown.dora.sees("Oops")


async def test_a_person_who_unblocks_the_bot_can_write_again(stage: Stage) -> None:
    await stage.alice.screen.get_by_test_id("more").click()
    await stage.alice.screen.get_by_test_id("block").click()
    await expect(stage.alice.screen.get_by_test_id("unblock")).to_be_visible()
    await expect(stage.alice.input).to_be_hidden()
    assert (
        await stage.sim.call("sendMessage", {"chat_id": stage.alice.number, "text": "Hello?"})
    ).status == 403
    await stage.alice.screen.get_by_test_id("unblock").click()
    await expect(stage.alice.input).to_be_visible()
    await stage.says("Welcome back")
    await stage.alice.sees("Welcome back")
    await stage.alice.lacks("Hello?")


async def test_the_form_for_a_new_person_shows_a_mistake_to_correct(
    stage: Stage,
) -> None:
    await stage.page.get_by_test_id("add-person").click()
    await stage.page.get_by_test_id("newcomer-name").fill("Zoë <b>")
    await stage.page.get_by_test_id("newcomer-zone").fill("Mars/Base")
    # The browser itself reports every error response in the console.
    async with stage.page.expect_console_message(lambda message: "status of 400" in message.text):
        await stage.page.get_by_test_id("newcomer-add").click()
    stage.complaints.clear()
    await expect(stage.page.get_by_test_id("newcomer-mistake")).to_contain_text(
        "There is no time zone 'Mars/Base'"
    )
    await stage.page.get_by_test_id("newcomer-zone").fill("Asia/Tokyo")
    await stage.page.get_by_test_id("newcomer-add").click()
    await expect(stage.page.get_by_test_id("newcomer")).to_be_hidden()
    await expect(stage.page.get_by_test_id("person-name")).to_have_text(
        ["Dora", "Alice", "Bernd", "Zoë <b>"]
    )


async def test_a_new_person_begins_by_pressing_start(stage: Stage) -> None:
    await stage.shown.adds("Kenji", "en", "Asia/Tokyo")
    kenji = stage.shown.phone(stage.demo.people[-1].person.id, "en")
    await expect(_own_texts(kenji)).to_have_text("/start")
    await stage.says("Good morning", chat_id=kenji.number)
    await kenji.sees("Good morning")
    await expect(kenji.screen.get_by_test_id("local-time")).to_have_text("18:00")


async def test_earlier_messages_are_loaded_without_moving_the_view(stage: Stage) -> None:
    for number in range(130):
        await stage.says(f"No. {number}.")
    await stage.page.reload()
    await expect(stage.alice.texts).to_have_text([f"No. {number}." for number in range(30, 130)])
    await expect(stage.alice.texts.last).to_be_in_viewport()
    await stage.alice.screen.get_by_test_id("earlier").click()
    await expect(stage.alice.texts).to_have_text([f"No. {number}." for number in range(130)])
    await expect(stage.alice.texts.nth(30)).to_be_in_viewport()
    await expect(stage.alice.texts.last).not_to_be_in_viewport()
    await expect(stage.alice.screen.get_by_test_id("earlier")).to_be_hidden()
    await expect(_own_texts(stage.alice)).to_have_text("/start")


async def test_the_page_catches_up_after_a_lost_connection(stage: Stage) -> None:
    kept, lost = [await stage.says(text) for text in ("kept", "lost")]
    await expect(stage.message(lost)).to_be_visible()
    connection = stage.page.get_by_test_id("connection")
    await expect(connection).to_have_text("Live")
    await connection.evaluate(_RECORD_CONNECTIONS)
    await stage.demo.disconnect_pages()
    # Nothing is connected now: the page sees these changes only after it reconnects.
    assert not stage.demo.watched
    await stage.bot("editMessageText", message_id=kept, text="kept and mended")
    await stage.bot("deleteMessage", message_id=lost)
    await stage.says("missed")
    await expect(stage.alice.texts).to_have_text(["kept and mended", "missed"])
    await expect(connection).to_have_text("Live")
    assert await stage.page.evaluate("window.connections") == ["Connecting …", "Live"]
    await stage.says("heard")
    await expect(stage.alice.texts).to_have_text(["kept and mended", "missed", "heard"])


async def test_the_bot_is_seen_typing_until_its_message_comes(stage: Stage) -> None:
    status = stage.alice.screen.get_by_test_id("status")
    await expect(status).to_have_text("bot")
    await stage.bot("sendChatAction", action="typing")
    await expect(status).to_have_text("typing …")
    await expect(stage.shown.dora.screen.get_by_test_id("status")).to_have_text("bot")
    await stage.says("Here it is")
    await stage.alice.sees("Here it is")
    await expect(status).to_have_text("bot")


async def test_markup_in_a_typed_message_is_shown_as_text(stage: Stage) -> None:
    typed = "<b>bold <img src=x onerror=alert(1)> &amp; *stars*"
    await stage.alice.sends(typed)
    await expect(_own_texts(stage.alice).last).to_have_text(typed)
    await expect(_own_texts(stage.alice).last.locator("*")).to_have_count(0)
    assert stage.demo.person(stage.alice.number).chat.messages[-1].text == typed
