/** Which columns a register has, and in which order: those that there are beside those that are chosen.
 *
 * It stands in the page, not over it: the portal's frame is as high as the page, so a window over it may open where
 * nobody looks. */

import { button, fill, h, linkButton } from "./dom.js";
import { notice } from "./notice.js";

const MOST = 40;
const GROUPS = ["invoice", "counterparty", "payment", "deal", "custom"];

export class ColumnChooser {
  /** `root`: an element with an id, in a form that hears its `change`. */
  constructor({ root, i18n }) {
    Object.assign(this, { root, i18n });
    this.offered = new Map();
    this.usual = [];
    this.codes = null;
    const { id } = root;
    this.search = h("input", { class: "input", type: "search", id: `${id}-search`, "data-testid": `${id}-search`, placeholder: i18n.t("columns_search"), "aria-label": i18n.t("columns_search"), autocomplete: "off" });
    this.left = h("div", { class: "column-list", "data-testid": `${id}-left` });
    this.right = h("ol", { class: "column-list", "data-testid": `${id}-chosen`, "aria-label": i18n.t("columns_chosen") });
    this.count = h("span", { class: "soft small nowrap" });
    this.said = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.note = h("div", {});
    fill(root, this.note, h("div", { class: "column-lists" },
      h("div", {}, h("p", { class: "label" }, i18n.t("columns_there_are")), this.search, this.left),
      h("div", {}, h("p", { class: "label" }, i18n.t("columns_chosen"), " ", this.count), this.right)),
    linkButton(i18n.t("columns_usual"), { "data-testid": `${id}-reset`, onclick: () => this.#choose(null, i18n.t("columns_are_usual")) }), this.said);
    this.search.addEventListener("input", () => this.#showLeft());
    this.search.addEventListener("change", (event) => event.stopPropagation());
    this.search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }

  /** `columns`: [{code, title, group, reason, default}]; `usual`: codes that stand for no choice, else the defaults. */
  offer(columns, usual) {
    this.offered = new Map(columns.map((column) => [column.code, column]));
    // rates cost a reading of all product rows: nobody gets them by touching another column
    this.usual = usual ?? columns.filter((column) => column.default && column.code !== "vat_rates").map((column) => column.code);
    this.isUsual = (codes) => JSON.stringify(codes) === JSON.stringify(usual);
  }

  /** `codes` of `null`: the usual ones. What the portal no longer has is left out and said. */
  set(codes) {
    const gone = (codes ?? []).filter((code) => !this.#can(code));
    const left = (codes ?? []).filter((code) => this.#can(code));
    this.codes = left.length && !this.isUsual(codes) ? left : null;
    fill(this.note, gone.length > 0 && notice("warning", this.i18n.t("columns_gone", { names: gone.map((code) => this.#title(code)).join(", ") })));
    this.#show();
  }

  /** The chosen codes in their order, `null` where nothing was changed. */
  get() {
    return this.codes;
  }

  #can(code) {
    return this.offered.has(code) && !this.offered.get(code).reason;
  }

  #title(code) {
    return this.offered.get(code)?.title ?? code;
  }

  get #shown() {
    return this.codes ?? this.usual.filter((code) => this.#can(code));
  }

  #choose(codes, words) {
    this.codes = codes;
    this.#show();
    this.said.textContent = words;
    this.root.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #add(code) {
    if (this.#shown.length >= MOST || this.#shown.includes(code)) return;
    this.#choose([...this.#shown, code], this.i18n.t("column_added", { name: this.#title(code) }));
    this.search.focus({ preventScroll: true });
  }

  #remove(code) {
    const place = this.#shown.indexOf(code);
    if (this.#shown.length === 1) return;
    this.#choose(this.#shown.filter((other) => other !== code), this.i18n.t("column_removed", { name: this.#title(code) }));
    this.#focus(this.#shown[Math.min(place, this.#shown.length - 1)], "remove");
  }

  #move(code, place, what) {
    const others = this.#shown.filter((other) => other !== code);
    const to = Math.max(0, Math.min(place, others.length));
    if (this.#shown[to] === code) return;
    this.#choose(others.toSpliced ? others.toSpliced(to, 0, code) : [...others.slice(0, to), code, ...others.slice(to)],
      this.i18n.t("column_moved", { name: this.#title(code), place: to + 1, all: others.length + 1 }));
    if (what) this.#focus(code, what);
  }

  #focus(code, what) {
    this.right.querySelector(`[data-code="${code}"] [data-do="${what}"]`)?.focus({ preventScroll: true });
  }

  #show() {
    this.count.textContent = `${this.i18n.number(this.#shown.length)} / ${MOST}`;
    fill(this.right, this.#shown.map((code, place) => this.#chosen(code, place)));
    this.#showLeft();
  }

  #showLeft() {
    const part = this.search.value.trim().toLocaleLowerCase();
    const left = [...this.offered.values()].filter(({ code, title }) => !this.#shown.includes(code) && title.toLocaleLowerCase().includes(part));
    const group = (name) => {
      const own = left.filter((column) => column.group === name);
      return own.length > 0 && [h("p", { class: "soft small" }, this.i18n.t(`columns_${name}`)), h("ul", {}, own.map((column) => this.#left(column)))];
    };
    fill(this.left, left.length ? GROUPS.map(group) : h("p", { class: "soft small" }, this.i18n.t("columns_none")));
  }

  #left({ code, title, reason }) {
    const disabled = Boolean(reason) || this.#shown.length >= MOST;
    const add = linkButton(title, { "data-code": code, disabled, "aria-label": this.i18n.t("column_add", { name: title }), onclick: () => this.#add(code) });
    return h("li", {}, disabled ? h("span", { class: "soft", "data-code": code }, title) : add, reason && h("span", { class: "sub" }, reason));
  }

  #chosen(code, place) {
    const { i18n } = this;
    const name = this.#title(code);
    const act = (what, sign, key, onclick) => button(sign, { class: "link", "data-do": what, "aria-label": i18n.t(key, { name }), title: i18n.t(key, { name }), onclick });
    return h("li", {
      draggable: "true", "data-code": code, "data-testid": "column",
      ondragstart: (event) => { event.dataTransfer.setData("text/plain", code); event.dataTransfer.effectAllowed = "move"; this.dragged = code; },
      ondragover: (event) => { if (this.dragged) event.preventDefault(); },
      ondragend: () => { this.dragged = null; },
      ondrop: (event) => { event.preventDefault(); if (this.dragged) this.#move(this.dragged, place); this.dragged = null; },
    }, h("span", {}, name), h("span", { class: "column-actions" },
      act("up", "↑", "column_up", () => this.#move(code, place - 1, "up")),
      act("down", "↓", "column_down", () => this.#move(code, place + 1, "down")),
      act("remove", "×", "remove", () => this.#remove(code))));
  }
}
