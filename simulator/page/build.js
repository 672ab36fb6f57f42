// Creates elements. Text is only ever inserted as text, never as markup.

/**
 * Create an element with attributes (`class`, `data-…`, listeners as `onclick`) and children.
 * Empty children are skipped.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

/** Create a button; the first child is its label. */
export function button(attributes, ...children) {
  return make("button", { type: "button", ...attributes }, ...children);
}

/** Create a text for screen readers only. */
export function unseen(text) {
  return make("span", { class: "unseen" }, text);
}

/** Make an element pressable that cannot be a button because it wraps over lines. */
export function pressable(element, press) {
  element.setAttribute("role", "button");
  element.tabIndex = 0;
  element.addEventListener("click", press);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press(event);
  });
  return element;
}
