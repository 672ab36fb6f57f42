// Renders a text and its entities as elements. Offsets count UTF-16 units, like JavaScript strings.

import { button, make, pressable } from "./build.js";
import { isBotLink, safeAddress } from "./links.js";
import { showMoment, hideMoment } from "./moment.js";
import { formatted } from "./time.js";

/** Return the elements of a text; `phone` formats times and handles pressed commands and links. */
export function richText(text, entities, phone) {
  const whole = document.createDocumentFragment();
  fill(whole, text, 0, text.length, entities, phone);
  return whole;
}

function fill(parent, text, from, to, entities, phone) {
  let at = from;
  let waiting = [...entities];
  while (waiting.length) {
    const [first, ...others] = waiting;
    const end = Math.min(first.offset + first.length, to);
    if (first.offset > at) parent.append(text.slice(at, first.offset));
    const inside = others.filter((entity) => entity.offset < end);
    // An entity that begins inside and ends outside is split.
    const beyond = inside.filter((entity) => entity.offset + entity.length > end);
    const rests = beyond.map((entity) => ({
      ...entity,
      offset: end,
      length: entity.offset + entity.length - end,
    }));
    const piece = element(first, text.slice(first.offset, end), phone);
    const target = piece.querySelector(".inner") ?? piece;
    if (!piece.filled) fill(target, text, first.offset, end, inside, phone);
    parent.append(piece);
    waiting = [...rests, ...others.filter((entity) => entity.offset >= end)];
    at = end;
  }
  if (at < to) parent.append(text.slice(at, to));
}

const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
  pre: "pre",
};

function element(entity, text, phone) {
  const special = SPECIAL[entity.type];
  return special
    ? special(entity, text, phone)
    : make(PLAIN[entity.type] ?? "span", { class: `entity ${entity.type}` });
}

const SPECIAL = {
  code: (entity, text, phone) => pressable(make("code", { title: "Copy" }), () => phone.copy(text)),
  spoiler: () => {
    const cover = make("span", {
      class: "spoiler",
      "aria-label": "Hidden text: press to show",
      "aria-expanded": "false",
    });
    return pressable(cover, () => {
      cover.classList.add("open");
      cover.removeAttribute("aria-label");
      cover.setAttribute("aria-expanded", "true");
    });
  },
  bot_command: (entity, text, phone) =>
    pressable(make("span", { class: "command", "data-testid": "command-link" }), () =>
      phone.send(text),
    ),
  url: (entity, text, phone) => link(text, phone),
  text_link: (entity, text, phone) => link(entity.url, phone),
  mention: (entity, text) => link(`https://t.me/${text.slice(1)}`, null),
  date_time: dateTime,
};

function link(address, phone) {
  const safe = safeAddress(address);
  if (!safe) return make("span", { class: "entity" });
  if (!phone || !isBotLink(address))
    return make("a", { href: safe, target: "_blank", rel: "noopener noreferrer" });
  const anchor = make("a", {
    class: "inner",
    href: safe,
    "data-testid": "bot-link",
    onclick: (event) => {
      event.preventDefault();
      phone.open(address);
    },
  });
  const over = button({
    class: "hand-over",
    "data-testid": "hand-over",
    "aria-label": "Open this link on another phone",
    title: "Open on another phone",
    onclick: () => phone.openElsewhere(address),
  });
  return make("span", { class: "bot-link" }, anchor, over);
}

function dateTime(entity, text, phone) {
  const milliseconds = entity.unix_time * 1000;
  const piece = make("span", { class: "date-time", "data-testid": "date-time" });
  if (entity.date_time_format) {
    piece.append(formatted(milliseconds, entity.date_time_format, phone.person));
    piece.filled = true;
  }
  if (entity.date_time_format === "r") {
    piece.classList.add("relative");
    piece.refresh = () => {
      piece.textContent = formatted(milliseconds, "r", phone.person);
    };
  }
  const show = () => showMoment(piece, milliseconds, phone.person);
  piece.addEventListener("mouseenter", show);
  piece.addEventListener("mouseleave", hideMoment);
  piece.addEventListener("blur", hideMoment);
  return pressable(piece, show);
}
