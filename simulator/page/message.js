// One message: its bubble and its keyboard.

import { button, make, unseen } from "./build.js";
import { richText } from "./entities.js";
import { isBotLink } from "./links.js";
import { dayLine, timeOfDay } from "./time.js";

/** Return the list item of a message. */
export function messageItem(message, phone) {
  const item = make("li", {
    "data-testid": "message",
    "data-message": message.id,
    "data-sender": message.mine ? "person" : "bot",
    tabindex: "-1",
  });
  fillItem(item, message, phone);
  return item;
}

/** Replace the content of a message's list item. */
export function fillItem(item, message, phone) {
  const wide = message.rows.some((row) => row.length > 2);
  item.message = message;
  item.className = [
    "message",
    message.mine ? "mine" : "theirs",
    message.rows.length ? "keyed" : "",
    wide ? "wide" : "",
  ]
    .filter(Boolean)
    .join(" ");
  item.replaceChildren(
    bubble(message, phone),
    ...(message.rows.length ? [keyboard(message, phone)] : []),
  );
}

/** Return the line between the messages of two days. */
export function dayItem(message, person) {
  return make("li", { class: "day" }, make("span", {}, dayLine(message.date * 1000, person)));
}

function bubble(message, phone) {
  const text =
    message.text &&
    make(
      "div",
      { class: "text", "data-testid": "text", dir: "auto" },
      richText(message.text, message.entities, phone),
    );
  const sticker = message.file?.kind === "sticker";
  return make(
    "div",
    {
      class: `bubble${sticker ? " bare" : ""}${message.file?.kind === "photo" ? " pictured" : ""}`,
    },
    unseen(message.mine ? "You: " : `${phone.botName}: `),
    message.reply &&
      make(
        "blockquote",
        { class: "reply" },
        make("strong", {}, message.reply.mine ? phone.person.name : phone.botName),
        make("span", {}, message.reply.text || "File"),
      ),
    message.file && FILES[message.file.kind](message.file),
    text,
    meta(message, phone),
  );
}

function meta(message, phone) {
  const at = message.date * 1000;
  return make(
    "span",
    { class: "meta" },
    message.edited && make("span", { class: "edited" }, "edited "),
    make("time", { datetime: new Date(at).toISOString() }, timeOfDay(at, phone.person)),
    message.mine && make("span", { class: "ticks", "aria-hidden": "true" }, "✓✓"),
  );
}

const FILES = {
  photo: (file) =>
    make(
      "a",
      { class: "photo", href: file.url, target: "_blank", rel: "noopener", "data-testid": "photo" },
      make("img", {
        src: file.url,
        alt: `Picture ${file.name}`,
        width: file.width,
        height: file.height,
      }),
    ),
  document: (file) =>
    make(
      "a",
      { class: "document", href: file.url, download: file.name, "data-testid": "document" },
      make("span", { class: "document-icon", "aria-hidden": "true" }, "↓"),
      make(
        "span",
        { class: "document-about" },
        make("strong", {}, file.name),
        make("span", {}, size(file.size)),
      ),
    ),
  sticker: () => make("span", { class: "sticker", role: "img", "aria-label": "Sticker" }, "👍"),
};

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function keyboard(message, phone) {
  const rows = message.rows.map((row) =>
    make(
      "div",
      { class: `row${row.length > 4 ? " tight" : ""}` },
      row.map((one) => key(one, message, phone)),
    ),
  );
  return make(
    "div",
    { class: "keyboard", role: "group", "aria-label": "Buttons of this message" },
    rows,
  );
}

const STYLES = new Set(["primary", "success", "danger"]);

function key(one, message, phone) {
  const element = button(
    {
      class: `key ${STYLES.has(one.style) ? one.style : ""}`,
      "data-testid": "button",
      title: one.text.length > 12 ? one.text : null,
      onclick: () => phone.press(one, message),
    },
    make("span", { class: "key-label" }, one.text),
    one.url &&
      make("span", { class: "key-mark", "aria-hidden": "true" }, isBotLink(one.url) ? "➤" : "↗"),
  );
  element.key = one;
  if (one.callback_data !== undefined && phone.tapPending(message.id, one.callback_data))
    markBusy(element, true);
  return element;
}

/** Show on a button whether its answer is pending. */
export function markBusy(element, busy) {
  element.classList.toggle("busy", busy);
  if (busy) element.setAttribute("aria-busy", "true");
  else element.removeAttribute("aria-busy");
}
