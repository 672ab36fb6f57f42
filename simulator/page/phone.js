// One phone: a person's chat with the bot.

import { button, make } from "./build.js";
import { Composer } from "./composer.js";
import { isBotLink, safeAddress, sharedAddress } from "./links.js";
import { Log } from "./log.js";
import { Notices } from "./notices.js";
import { act } from "./server.js";
import { now, timeOfDay, zoneLine } from "./time.js";

const TYPING_MS = 5_000;
// Slightly longer than Telegram waits for a bot to answer a tap.
const TAP_MS = 20_000;
const ACTIONS = {
  typing: "typing …",
  upload_document: "sending a file …",
  upload_photo: "sending a photo …",
};

export class Phone {
  /** `others` returns the other phones; `onMessage` is called when a message arrives. */
  constructor(person, bot, { others, onMessage }) {
    this.others = others;
    this.onMessage = onMessage;
    this.taps = new Map();
    this.strip = make("p", { class: "strip" });
    this.status = make("p", { class: "status", "data-testid": "status" });
    this.botTitle = make("h2", {});
    this.face = make("span", { class: "face", "aria-hidden": "true" });
    this.log = new Log(this);
    this.notices = new Notices();
    this.composer = new Composer(this);
    const more = button(
      {
        class: "more",
        "data-testid": "more",
        "aria-label": "More",
        onclick: () => this.showMore(),
      },
      "⋮",
    );
    const head = make(
      "header",
      { class: "head" },
      this.face,
      make("div", { class: "head-text" }, this.botTitle, this.status),
      more,
    );
    this.screen = make("div", { class: "screen" }, head, this.log.element, this.composer.element);
    this.element = make(
      "section",
      { class: "phone", "data-testid": `phone-${person.id}`, "data-person": person.id },
      this.strip,
      make("div", { class: "display" }, this.screen, this.notices.element),
    );
    this.notices.screen = this.screen;
    this.reset(person, bot);
  }

  /** Show the person in the state the simulator reports. */
  reset(person, bot) {
    this.person = person;
    this.taps.clear();
    this.element.setAttribute("aria-label", `Phone of ${person.name}`);
    this.setBot(bot);
    this.act(null);
    this.strip.replaceChildren(...this.stripParts());
    this.log.fill(person);
    this.composer.refresh();
    this.tick();
  }

  stripParts() {
    this.localTime = make("time", { "data-testid": "local-time" });
    const role = this.person.role && make("span", { class: "role" }, this.person.role);
    const who = make(
      "span",
      { class: "who" },
      make("strong", { "data-testid": "person-name" }, this.person.name),
      role ? " " : "",
      role,
    );
    this.zone = make("span", { class: "zone", title: this.person.zone });
    return [who, make("span", { class: "when" }, this.localTime, " ", this.zone)];
  }

  setBot(bot) {
    this.botName = bot.name;
    this.botTitle.textContent = bot.name;
    this.face.textContent = [...bot.name][0] ?? "";
  }

  /** Update the time of day. */
  tick() {
    const time = timeOfDay(now(), this.person);
    if (this.localTime.textContent !== time) this.localTime.textContent = time;
    const zone = zoneLine(this.person);
    if (this.zone.textContent !== zone) this.zone.textContent = zone;
  }

  // Events from the simulator.

  added(message) {
    if (!message.mine) this.act(null);
    this.log.add(message);
    this.onMessage(this, message);
  }

  edited(message) {
    this.act(null);
    this.log.edit(message);
  }

  act(action) {
    clearTimeout(this.typing);
    this.status.textContent = action ? (ACTIONS[action] ?? "busy …") : "bot";
    this.status.classList.toggle("acting", Boolean(action));
    if (action) this.typing = setTimeout(() => this.act(null), TYPING_MS);
  }

  tapped(message, data) {
    const name = `${message} ${data}`;
    clearTimeout(this.taps.get(name));
    this.taps.set(
      name,
      setTimeout(() => this.tapEnded(message, data), TAP_MS),
    );
    this.log.markBusy(message, data, true);
  }

  tapEnded(message, data) {
    const name = `${message} ${data}`;
    clearTimeout(this.taps.get(name));
    this.taps.delete(name);
    this.log.markBusy(message, data, false);
  }

  answered({ message, data, text, alert }) {
    this.tapEnded(message, data);
    if (text && alert) this.notices.alert(this.botName, text);
    else if (text) this.notices.toast(text);
  }

  tapPending(message, data) {
    return this.taps.has(`${message} ${data}`);
  }

  setAccess(standing) {
    Object.assign(this.person, standing);
    this.composer.refresh();
  }

  setProfile(profile) {
    Object.assign(this.person, profile);
    this.log.refreshEmpty();
    this.composer.refresh();
  }

  // Actions of the person.

  async doing(name, body) {
    try {
      await act(name, { person: this.person.id, ...body });
      return true;
    } catch (error) {
      this.notices.toast(error.message);
      return false;
    }
  }

  send(text) {
    this.log.follow();
    return this.doing("send", { text });
  }

  async press(key, message) {
    if (key.url !== undefined) this.follow(key.url);
    else if (key.callback_data !== undefined) await this.tap(message.id, key.callback_data);
    else if (key.copy_text) this.copy(key.copy_text.text);
    else this.notices.toast("This kind of button does nothing in the simulator.");
  }

  async tap(message, data) {
    if (this.tapPending(message, data)) return;
    this.tapped(message, data);
    if (!(await this.doing("tap", { message, data }))) this.tapEnded(message, data);
  }

  follow(address) {
    const shared = sharedAddress(address);
    if (isBotLink(address)) this.open(address);
    else if (shared && isBotLink(shared)) this.openElsewhere(shared);
    else if (safeAddress(address))
      window.open(safeAddress(address), "_blank", "noopener,noreferrer");
  }

  open(link) {
    this.log.follow();
    return this.doing("open", { link });
  }

  /** Let another person open a link, as if it had been shared with them. */
  openElsewhere(link) {
    const choices = this.others(this).map((other) => ({
      label: other.person.name,
      testid: `hand-over-${other.person.id}`,
      choose: () => other.open(link),
    }));
    this.notices.sheet("Open the link on the phone of …", choices);
  }

  showMore() {
    const { blocked } = this.person;
    const label = blocked ? "Unblock the bot" : "Block the bot";
    this.notices.sheet(this.botName, [
      { label, testid: "block", choose: () => this.doing("block", { blocked: !blocked }) },
    ]);
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.notices.toast("Copied.");
    } catch {
      this.notices.toast("The browser does not let this page copy.");
    }
  }
}
