/** A field that offers what fits the typed text (WAI-ARIA: combobox with a list); by keyboard, mouse or touch. */

import { fill, h } from "./dom.js";
import { isAbort, messageOf } from "./notice.js";

export class Combobox {
  /**
   * `find(text, signal)`: what fits, later; `label`: item → text; `onChoose(item)`; `none`: what is said where nothing
   * fits; `pause` milliseconds after the last key; `shortest`: characters before anything is looked for; `isSent`: what
   * the field holds is part of its form, so that Enter sends it while nothing is offered.
   */
  constructor({ input, list, i18n, find, label, onChoose, none, pause = 0, shortest = 1, isSent = false }) {
    Object.assign(this, { input, list, i18n, find, label, onChoose, none, pause, shortest, isSent });
    this.found = [];
    this.active = -1;
    input.addEventListener("input", () => this.#soon());
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => this.close());
    list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #soon() {
    clearTimeout(this.timer);
    this.asked?.abort();
    const text = this.input.value.trim();
    if (text.length < this.shortest) return this.close();
    this.timer = setTimeout(() => this.#search(text), this.pause);
  }

  async #search(text) {
    const asked = (this.asked = new AbortController());
    try {
      const found = await this.find(text, asked.signal);
      if (!asked.signal.aborted) this.#offer(found);
    } catch (error) {
      if (!isAbort(error)) this.#say(messageOf(error, this.i18n));
    }
  }

  #offer(found) {
    this.found = found;
    this.active = -1;
    if (!found.length) return this.#say(this.none);
    fill(this.list, found.map((item, index) => h("li", { role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false",
      onclick: () => this.#choose(item) }, this.label(item))));
    this.#open();
  }

  #say(text) {
    this.found = [];
    fill(this.list, h("li", { class: "soft", role: "option", "aria-disabled": "true" }, text));
    this.#open();
  }

  #choose(item) {
    this.close();
    this.onChoose(item);
  }

  #open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  #key(event) {
    if (event.key === "Escape") return this.close();
    if (event.key === "Enter") {
      if (this.list.hidden && this.isSent) return;
      event.preventDefault();
      const item = this.found[this.active] ?? (this.found.length === 1 ? this.found[0] : null);
      return item && !this.list.hidden && this.#choose(item);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (this.list.hidden) return this.#soon();
    if (!this.found.length) return;
    this.active = step < 0 && this.active < 0 ? this.found.length - 1 : (this.active + step + this.found.length) % this.found.length;
    for (const [index, option] of [...this.list.children].entries()) option.setAttribute("aria-selected", String(index === this.active));
    this.list.children[this.active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.list.children[this.active].id);
  }
}
