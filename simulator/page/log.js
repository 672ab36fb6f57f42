// The messages of a phone. The newest is kept in view unless the person scrolls up.

import { button, make } from "./build.js";
import { dayItem, fillItem, markBusy, messageItem } from "./message.js";
import { fetchEarlier } from "./server.js";
import { dayLine } from "./time.js";

const NEAR_END = 48;
// Above this many messages, a log that shows its end removes its oldest hundred; they can be
// fetched again.
const MAX_SHOWN = 400;
const TRIMMED = 100;

export class Log {
  constructor(phone) {
    this.phone = phone;
    this.items = new Map();
    this.list = make("ol", { class: "messages" });
    this.older = button(
      { class: "older", "data-testid": "earlier", hidden: true, onclick: () => this.fetchOlder() },
      "Earlier messages",
    );
    this.empty = make("div", { class: "empty", "data-testid": "description" });
    this.scroller = make(
      "div",
      { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" },
      this.older,
      this.empty,
      this.list,
    );
    this.newest = button(
      {
        class: "newest",
        "data-testid": "newest",
        hidden: true,
        "aria-label": "To the newest message",
        onclick: () => this.follow(),
      },
      "↓",
    );
    this.element = make("div", { class: "log-frame" }, this.scroller, this.newest);
    this.following = true;
    this.top = 0;
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.scrollToEnd());
    sizes.observe(this.scroller);
    sizes.observe(this.list);
  }

  /** Replace all messages with those of a chat. */
  fill({ messages, earlier }) {
    this.items.clear();
    this.list.replaceChildren();
    for (const message of messages) this.append(message);
    this.setEarlier(earlier);
    this.refreshEmpty();
    this.follow();
  }

  add(message) {
    const item = this.append(message);
    item.classList.add("new");
    if (this.following) this.trimOldest();
    else this.newest.hidden = false;
    this.refreshEmpty();
    if (message.mine) this.follow();
    this.scrollToEnd();
  }

  edit(message) {
    const item = this.items.get(message.id);
    if (!item) return;
    const focus = this.focusIn(item);
    fillItem(item, message, this.phone);
    item.classList.remove("changed");
    // Reading the size makes the browser notice that the class was removed before it is added
    // again.
    void item.offsetWidth;
    item.classList.add("changed");
    this.refocus(item, focus);
    this.scrollToEnd();
  }

  remove(ids) {
    for (const id of ids) {
      const item = this.items.get(id);
      this.items.delete(id);
      if (!item) continue;
      if (item.contains(document.activeElement)) this.scroller.focus();
      const before = item.previousElementSibling;
      item.remove();
      if (before?.className === "day" && !before.nextElementSibling?.message) before.remove();
    }
    this.refreshEmpty();
    this.scrollToEnd();
  }

  markBusy(id, data, busy) {
    for (const element of this.items.get(id)?.querySelectorAll(".key") ?? []) {
      if (element.key.callback_data === data) markBusy(element, busy);
    }
  }

  /** Scroll to the newest message and stay there. */
  follow() {
    this.following = true;
    this.newest.hidden = true;
    this.scrollToEnd();
  }

  refreshEmpty() {
    const { description, started } = this.phone.person;
    this.empty.hidden = this.items.size > 0;
    if (this.empty.hidden) return;
    const welcome =
      description ||
      (started ? "No messages here yet." : `This is where ${this.phone.botName} will write.`);
    this.empty.replaceChildren(make("p", {}, welcome));
  }

  append(message) {
    const item = messageItem(message, this.phone);
    const last = this.list.lastElementChild?.message;
    if (!last || this.day(last) !== this.day(message))
      this.list.append(dayItem(message, this.phone.person));
    this.list.append(item);
    this.items.set(message.id, item);
    return item;
  }

  day(message) {
    return dayLine(message.date * 1000, this.phone.person);
  }

  async fetchOlder() {
    const [first] = this.items.keys();
    const { messages, earlier } = await fetchEarlier(this.phone.person.id, first);
    const height = this.scroller.scrollHeight;
    const top = this.scroller.scrollTop;
    const known = [...this.items.values()].map((item) => item.message);
    this.fill({ messages: [...messages, ...known], earlier });
    this.following = false;
    this.scroller.scrollTop = top + this.scroller.scrollHeight - height;
    this.scroller.focus({ preventScroll: true });
  }

  trimOldest() {
    if (this.items.size <= MAX_SHOWN) return;
    const known = [...this.items.entries()];
    for (const [id, item] of known.slice(0, TRIMMED)) {
      this.items.delete(id);
      item.remove();
    }
    while (this.list.firstElementChild && !this.list.firstElementChild.message)
      this.list.firstElementChild.remove();
    const first = known[TRIMMED][1];
    first.before(dayItem(first.message, this.phone.person));
    this.setEarlier(this.earlier + TRIMMED);
  }

  setEarlier(count) {
    this.earlier = count;
    this.older.hidden = count === 0;
  }

  focusIn(item) {
    const element = document.activeElement;
    if (!item.contains(element) || element === item)
      return element === item ? { self: true } : null;
    return { label: element.textContent };
  }

  // Keyboard users keep the focus in the new keyboard of the same message.
  refocus(item, focus) {
    if (!focus) return;
    const keys = [...item.querySelectorAll(".key")];
    const same = keys.find((element) => element.textContent === focus.label);
    (same ?? (focus.self ? item : keys[0]) ?? item).focus({ preventScroll: true });
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END;
    // Being far from the end counts as reading only after scrolling up; a new message also moves
    // the end.
    if (near || scrollTop < this.top) this.following = near;
    this.top = scrollTop;
    if (this.following) this.newest.hidden = true;
  }

  scrollToEnd() {
    if (!this.following || this.moving) return;
    // Scroll once for all changes before the next frame.
    this.moving = requestAnimationFrame(() => {
      this.moving = 0;
      if (this.following) this.scroller.scrollTop = this.scroller.scrollHeight;
    });
  }
}
