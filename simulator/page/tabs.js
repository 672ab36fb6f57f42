// Tabs for the steps and the phones. They are shown while something is out of view.

import { button, make, unseen } from "./build.js";

const bar = document.getElementById("tabs");
const stage = document.getElementById("stage");

export class Tabs {
  constructor() {
    this.tabs = new Map();
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      root: stage,
      threshold: 0.6,
    });
  }

  /** Add a tab for an element of the stage. */
  add(element, label, testid) {
    const mark = make("span", { class: "tab-mark" });
    const tab = button(
      { class: "tab", "data-testid": testid, onclick: () => this.show(element) },
      make("span", { class: "tab-label" }, label),
      mark,
    );
    tab.mark = mark;
    this.tabs.set(element, tab);
    bar.append(tab);
    this.watcher.observe(element);
  }

  rename(element, label) {
    this.tabs.get(element).querySelector(".tab-label").textContent = label;
  }

  /** Bring an element into view. */
  show(element) {
    element.scrollIntoView({ block: "nearest", inline: "start" });
  }

  /** Mark the tab of an element that is out of view and has new messages. */
  notice(element) {
    const tab = this.tabs.get(element);
    if (tab && !element.inView) tab.mark.replaceChildren(unseen(" (new messages)"));
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tab = this.tabs.get(target);
      target.inView = isIntersecting;
      if (isIntersecting) {
        tab.setAttribute("aria-current", "true");
        tab.mark.replaceChildren();
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else tab.removeAttribute("aria-current");
    }
    const outOfView = [...this.tabs.keys()].some((element) => !element.hidden && !element.inView);
    bar.classList.toggle("needed", outOfView);
  }
}
