// Overlays on a phone's screen: toasts, alerts that must be closed, and choices.

import { button, make } from "./build.js";

const TOAST_MS = 4_000;

export class Notices {
  constructor() {
    this.toasts = make("div", { class: "toasts", role: "status" });
    this.cover = make("div", { class: "cover", hidden: true });
    this.element = make("div", { class: "notices" }, this.toasts, this.cover);
    this.waiting = [];
  }

  /** Show a text for a few seconds. */
  toast(text) {
    clearTimeout(this.passing);
    this.toasts.replaceChildren(make("p", { class: "toast", "data-testid": "toast" }, text));
    this.passing = setTimeout(() => this.toasts.replaceChildren(), TOAST_MS);
  }

  /** Show a text until it is closed; further ones are queued. */
  alert(title, text) {
    const close = button(
      { class: "strong", "data-testid": "alert-close", onclick: () => this.close() },
      "OK",
    );
    this.put("alertdialog", "alert", title, make("p", { class: "cover-text" }, text), close);
  }

  /** Show choices, each with `label`, `testid` and `choose`. */
  sheet(title, choices) {
    const buttons = choices.map(({ label, testid, choose }) =>
      button(
        {
          "data-testid": testid,
          onclick: () => {
            this.close();
            choose();
          },
        },
        label,
      ),
    );
    const none = choices.length
      ? null
      : make("p", { class: "cover-text" }, "There is no other phone yet: add a person first.");
    this.put(
      "dialog",
      "sheet",
      title,
      none,
      ...buttons,
      button(
        { class: "quiet", "data-testid": "sheet-close", onclick: () => this.close() },
        "Cancel",
      ),
    );
  }

  put(role, testid, title, ...children) {
    const card = make(
      "div",
      {
        class: "card",
        role,
        "aria-modal": "true",
        "aria-label": title,
        "data-testid": testid,
        onkeydown: (event) => this.key(event),
      },
      make("h3", {}, title),
      ...children,
    );
    this.waiting.push(card);
    if (this.waiting.length === 1) this.show();
  }

  show() {
    const [card] = this.waiting;
    const active = document.activeElement;
    const here =
      this.screen.contains(active) || this.element.contains(active) || active === document.body;
    this.before = this.screen.contains(active) ? active : this.before;
    this.cover.replaceChildren(card);
    this.cover.hidden = false;
    this.screen.inert = true;
    // A person who is using another phone keeps the focus there.
    if (here) card.querySelector("button").focus();
  }

  close() {
    const focused = this.cover.contains(document.activeElement);
    this.waiting.shift();
    this.cover.replaceChildren();
    this.cover.hidden = true;
    this.screen.inert = false;
    if (this.waiting.length) this.show();
    else if (focused && this.before?.isConnected) this.before.focus({ preventScroll: true });
  }

  key(event) {
    if (event.key === "Escape") this.close();
    if (event.key !== "Tab") return;
    const buttons = [...event.currentTarget.querySelectorAll("button")];
    const next = buttons.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
    event.preventDefault();
    buttons.at(next % buttons.length).focus();
  }
}
