// The tooltip that shows a full date and time in the zone of the phone's person.

import { make } from "./build.js";
import { relative, fullTime } from "./time.js";

const card = document.getElementById("moment");
let owner = null;

/** Show a time beside the element that was pressed or hovered. */
export function showMoment(element, milliseconds, person) {
  hideMoment();
  owner = element;
  const { moment, zone } = fullTime(milliseconds, person);
  card.replaceChildren(
    make("strong", {}, moment),
    make("span", {}, zone),
    make("span", {}, relative(milliseconds, person)),
  );
  card.lang = person.language;
  card.hidden = false;
  element.setAttribute("aria-describedby", card.id);
  const box = element.getBoundingClientRect();
  const left = Math.min(Math.max(box.left, 8), innerWidth - card.offsetWidth - 8);
  const above = box.top - card.offsetHeight - 8;
  card.style.left = `${left}px`;
  card.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

/** Hide the tooltip. */
export function hideMoment() {
  card.hidden = true;
  owner?.removeAttribute("aria-describedby");
  owner = null;
}

addEventListener("keydown", (event) => event.key === "Escape" && hideMoment());
addEventListener("scroll", hideMoment, { capture: true, passive: true });
