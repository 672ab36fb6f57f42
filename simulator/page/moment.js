// The little card that tells an instant in full, in the zone of the person whose phone it is.

import { make } from "./build.js";
import { relative, wholeMoment } from "./time.js";

const card = document.getElementById("moment");
let owner = null;

/** Show an instant beside the element that was pressed or pointed at. */
export function showMoment(element, milliseconds, person) {
  hideMoment();
  owner = element;
  const { moment, zone } = wholeMoment(milliseconds, person);
  card.replaceChildren(make("strong", {}, moment), make("span", {}, zone), make("span", {}, relative(milliseconds, person)));
  card.lang = person.language;
  card.hidden = false;
  element.setAttribute("aria-describedby", card.id);
  const box = element.getBoundingClientRect();
  const left = Math.min(Math.max(box.left, 8), innerWidth - card.offsetWidth - 8);
  const above = box.top - card.offsetHeight - 8;
  card.style.left = `${left}px`;
  card.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

/** Put the card away. */
export function hideMoment() {
  card.hidden = true;
  owner?.removeAttribute("aria-describedby");
  owner = null;
}

addEventListener("keydown", (event) => event.key === "Escape" && hideMoment());
addEventListener("scroll", hideMoment, { capture: true, passive: true });
