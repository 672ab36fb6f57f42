// The bottom of a phone: the input line and the commands, or the only button that can be pressed.

import { button, make } from "./build.js";

const MAX_LENGTH = 4096;

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.commands = make("div", {
      class: "commands",
      role: "group",
      "aria-label": "Commands",
      "data-testid": "commands",
      hidden: true,
    });
    this.menu = button(
      {
        class: "menu",
        "data-testid": "menu",
        "aria-expanded": "false",
        onclick: () => this.toggle(),
      },
      make("span", { class: "menu-bars", "aria-hidden": "true" }, "≡"),
      make("span", {}, "Menu"),
    );
    this.input = make("textarea", {
      class: "input",
      rows: "1",
      maxlength: MAX_LENGTH,
      placeholder: "Message",
      "aria-label": "Message",
      "data-testid": "input",
      enterkeyhint: "send",
      autocomplete: "off",
      onkeydown: (event) => this.key(event),
      oninput: () => this.typed(),
    });
    this.go = make(
      "button",
      { type: "submit", class: "go", "data-testid": "send", "aria-label": "Send" },
      "➤",
    );
    this.form = make(
      "form",
      { class: "line", onsubmit: (event) => this.submit(event) },
      this.menu,
      this.input,
      this.go,
    );
    this.only = button({ class: "only", onclick: () => this.pressOnly() });
    this.element = make(
      "div",
      { class: "composer", onkeydown: (event) => event.key === "Escape" && this.close() },
      this.commands,
      this.form,
      this.only,
    );
  }

  /** Show what the person can do now: press Start, unblock, or write. */
  refresh() {
    const { started, blocked, name } = this.phone.person;
    this.input.setAttribute("aria-label", `Message of ${name} to ${this.phone.botName}`);
    this.form.hidden = blocked || !started;
    this.only.hidden = !this.form.hidden;
    this.only.textContent = blocked ? "Unblock" : "Start";
    this.only.dataset.testid = blocked ? "unblock" : "start";
    this.menu.hidden = !this.phone.person.commands.length;
    if (!this.commands.hidden) this.list(this.commands.filter);
  }

  /** Put a text into the input line for the person to send. */
  suggest(text) {
    this.input.value = text;
    this.typed();
    (this.form.hidden ? this.only : this.input).focus();
  }

  async pressOnly() {
    const focused = document.activeElement === this.only;
    const done = this.phone.person.blocked
      ? await this.phone.doing("block", { blocked: false })
      : await this.phone.send("/start");
    if (done && focused) this.input.focus();
  }

  async submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.close();
    // Text that could not be sent is restored unless something else was typed meanwhile.
    if (!(await this.phone.send(text)) && !this.input.value) this.input.value = text;
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  typed() {
    const command = /^\/(\w*)$/.exec(this.input.value);
    if (command) this.list(command[1].toLowerCase());
    else this.close();
  }

  toggle() {
    if (this.commands.hidden) this.list("");
    else this.close();
    this.commands.querySelector("button")?.focus();
  }

  list(beginning) {
    const known = this.phone.person.commands.filter(({ command }) => command.startsWith(beginning));
    this.commands.filter = beginning;
    this.commands.replaceChildren(...known.map((one) => this.command(one)));
    this.commands.hidden = !known.length;
    this.menu.setAttribute("aria-expanded", String(!this.commands.hidden));
  }

  command({ command, description }) {
    return button(
      { class: "command-line", "data-testid": "command", onclick: () => this.choose(command) },
      make("strong", {}, `/${command}`),
      make("span", {}, description),
    );
  }

  choose(command) {
    this.input.value = "";
    this.close();
    this.input.focus();
    this.phone.send(`/${command}`);
  }

  close() {
    if (this.commands.hidden) return;
    const focused = this.commands.contains(document.activeElement);
    this.commands.hidden = true;
    this.menu.setAttribute("aria-expanded", "false");
    if (focused) this.menu.focus();
  }
}
