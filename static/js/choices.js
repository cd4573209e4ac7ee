/** What is chosen in lists, chips and boxes of a form. */

import { byId, fill, h } from "./dom.js";

/** Puts [value, title] pairs into a select, keeping what is chosen. */
export function list(id, pairs) {
  const select = byId(id);
  const { value } = select;
  fill(select, pairs.map(([key, title]) => h("option", { value: key }, title)));
  pick(id, value);
}

/** Chooses `value` where the list has it, else the first. */
export function pick(id, value) {
  const select = byId(id);
  const index = [...select.options].findIndex((option) => option.value === String(value ?? ""));
  select.selectedIndex = Math.max(0, index);
}

export function checked(name) {
  return document.querySelector(`input[name="${name}"]:checked`)?.value ?? null;
}

export function check(name, value) {
  const radio = document.querySelector(`input[name="${name}"][value="${value}"]`);
  if (radio) radio.checked = true;
}

export class StageList {
  /** `stages`: [{id, title, semantics, category_id}]; `categories`: [{id, title}]. */
  constructor(root, stages, categories) {
    this.boxes = new Map();
    const funnels = Map.groupBy ? Map.groupBy(stages, (stage) => stage.category_id) : groups(stages);
    const title = (id) => categories.find((category) => category.id === id)?.title;
    fill(root, [...funnels].map(([id, own]) => h("div", {},
      funnels.size > 1 && title(id) ? h("p", { class: "soft small" }, title(id)) : null,
      h("div", { class: "checks" }, own.map((stage) => this.#box(stage))))));
  }

  #box(stage) {
    const box = h("input", { type: "checkbox", value: stage.id });
    this.boxes.set(stage.id, box);
    return h("label", { class: "check" }, box, h("span", {}, stage.title));
  }

  set(ids) {
    for (const [id, box] of this.boxes) box.checked = ids.includes(id);
  }

  get() {
    return [...this.boxes].filter(([, box]) => box.checked).map(([id]) => id);
  }
}

function groups(stages) {
  const found = new Map();
  for (const stage of stages) found.set(stage.category_id, [...(found.get(stage.category_id) ?? []), stage]);
  return found;
}
