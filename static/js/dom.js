/** Building blocks of the page: no markup is ever made from text, so nothing from the portal can become markup. */

/**
 * An element. `props`: attributes; `on…` are listeners, `true` is an empty attribute, `null`/`false` leaves it out.
 * `children`: nodes and texts; `null` and `false` are left out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

/** Nested lists laid flat, without what is not there. */
const present = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

export const byId = (id) => document.getElementById(id);

/** Puts `children` in place of what `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** The JSON block that the server wrote into the page. */
export const jsonOf = (id) => JSON.parse(byId(id).textContent);

export const button = (label, props = {}) => h("button", { type: "button", class: "button", ...props }, label);

export const linkButton = (label, props = {}) => h("button", { type: "button", class: "link", ...props }, label);

/** Says beside `control` what is wrong with it; a screen reader reads it after the control's hint. */
export function complain(control, message) {
  const id = `${control.id}-error`;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  control.after(h("p", { class: "field-error", id }, message));
}

/** Takes back all that was complained of in `form`. */
export function forgive(form) {
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== `${control.id}-error`);
    control.removeAttribute("aria-invalid");
    if (others.length) control.setAttribute("aria-describedby", others.join(" "));
    else control.removeAttribute("aria-describedby");
  }
  for (const old of form.querySelectorAll(".field-error")) old.remove();
}

/** Replaces what `element` holds by `change`; when that takes away what has the focus, `heir` gets it. */
export function keepFocus(element, heir, change) {
  const inside = element.contains(document.activeElement);
  change();
  if (inside && !element.contains(document.activeElement)) heir()?.focus({ preventScroll: true });
}

/** Marks a button as at work: it keeps the focus and says so, and its handler looks at `isBusy`. */
export function setBusy(element, busy) {
  element.setAttribute("aria-disabled", String(busy));
}

export const isBusy = (element) => element.getAttribute("aria-disabled") === "true";

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
