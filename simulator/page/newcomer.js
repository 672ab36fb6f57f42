// The form that adds a person.

import { make } from "./build.js";
import { act } from "./server.js";

const dialog = document.getElementById("newcomer");
const form = document.getElementById("newcomer-form");
const mistake = form.querySelector(".mistake");

/** Make the button open the form, and call `joined(number)` after a person was added. */
export function prepareForm(opener, joined) {
  const zones = ["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])];
  document.getElementById("zones").append(...zones.map((zone) => make("option", { value: zone })));
  form.elements.zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  opener.addEventListener("click", () => {
    mistake.textContent = "";
    form.elements.name.value = "";
    dialog.showModal();
    form.elements.name.focus();
  });
  form.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { person } = await act("join", Object.fromEntries(new FormData(form)));
      dialog.close();
      joined(person);
    } catch (error) {
      mistake.textContent = error.message;
    }
  });
}

/** Offer these languages, by code. */
export function offerLanguages(codes) {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  form.elements.language.replaceChildren(
    ...codes.map((code) => make("option", { value: code }, names.of(code) ?? code)),
  );
}
