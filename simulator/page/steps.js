// The list of steps to try, ticked as they are done.

import { button, make, unseen } from "./build.js";

const panel = document.getElementById("steps");
const list = document.getElementById("step-list");
const count = document.getElementById("steps-count");

// Not scrollIntoView: on a narrow window it would scroll away from the phone in use.
function reveal(item) {
  const [inner, outer] = [item.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop += inner.top - outer.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

export class Steps {
  /** `phoneOf` returns the phone of a person by number; `show` brings a phone into view. */
  constructor(phoneOf, show) {
    this.phoneOf = phoneOf;
    this.show = show;
    this.steps = [];
  }

  fill(steps) {
    this.steps = steps;
    panel.hidden = !steps.length;
    this.render();
  }

  done(number) {
    this.steps[number].done = true;
    this.render();
    list.children[number]?.classList.add("just-done");
  }

  get progress() {
    return `${this.steps.filter(({ done }) => done).length}/${this.steps.length}`;
  }

  render() {
    const next = this.steps.findIndex(({ done }) => !done);
    list.replaceChildren(
      ...this.steps.map((step, number) => this.item(step, number, number === next)),
    );
    const finished = this.steps.filter(({ done }) => done).length;
    count.textContent =
      finished === this.steps.length
        ? "All done. Now try whatever you like."
        : `${finished} of ${this.steps.length} done`;
    if (next >= 0) reveal(list.children[next]);
  }

  item(step, number, next) {
    const phone = step.person === null ? null : this.phoneOf(step.person);
    return make(
      "li",
      {
        class: `step${step.done ? " done" : ""}${next ? " next" : ""}`,
        "data-testid": `step-${number + 1}`,
        "data-done": String(step.done),
        "aria-current": next ? "step" : null,
      },
      make("span", { class: "tick", "aria-hidden": "true" }, step.done ? "✓" : String(number + 1)),
      make(
        "div",
        { class: "step-body" },
        make("p", {}, unseen(step.done ? "Done: " : "To do: "), step.text),
        !step.done && phone ? this.help(step, phone, number) : null,
      ),
    );
  }

  help(step, phone, number) {
    const { name } = phone.person;
    if (!step.suggestion)
      return button(
        {
          class: "help narrow-only",
          "data-testid": `go-${number + 1}`,
          onclick: () => this.show(phone),
        },
        `Go to ${name}`,
      );
    return button(
      {
        class: "help",
        "data-testid": `suggest-${number + 1}`,
        onclick: () => {
          this.show(phone);
          phone.composer.suggest(step.suggestion);
        },
      },
      "Type it for me",
    );
  }
}
