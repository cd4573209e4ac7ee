/** Tabs by the ARIA pattern: arrows, Home and End move, the open one is in the tab order. */

export class Tabs {
  /** `list`: the element with role tablist; `onOpen`: name → what to do when that panel opens. */
  constructor(list, onOpen) {
    this.tabs = [...list.querySelectorAll('[role="tab"]')];
    this.onOpen = onOpen;
    for (const tab of this.tabs) tab.addEventListener("click", () => this.open(nameOf(tab)));
    list.addEventListener("keydown", (event) => this.#move(event));
  }

  open(name) {
    for (const tab of this.tabs) {
      const chosen = nameOf(tab) === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
    this.onOpen[name]?.();
  }

  #move(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const last = this.tabs.length - 1;
    const here = this.tabs.indexOf(document.activeElement);
    const next = Number.isFinite(step) ? (here + step + this.tabs.length) % this.tabs.length : step > 0 ? last : 0;
    this.tabs[next].focus();
    this.open(nameOf(this.tabs[next]));
  }
}

const nameOf = (tab) => tab.id.replace(/^tab-/, "");
