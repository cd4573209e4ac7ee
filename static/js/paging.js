/** A table that grows page by page: rows, an empty state, and a button for the next page. */

import { button, fill, h, isBusy, keepFocus, setBusy } from "./dom.js";
import { trouble } from "./notice.js";

export class PagedTable {
  /**
   * `path`: the first page; `columns`: titles; `row`: item → tr; `empty`: () → node; `label`: what the table holds.
   * Answers have the shape `{items, next}`; `onPage(answer)`: what else the first page tells.
   */
  constructor({ root, api, i18n, path, columns, row, empty, label, onPage = () => {} }) {
    Object.assign(this, { root, api, i18n, path, columns, row, empty, label, onPage });
    this.asked = 0;
    root.addEventListener("click", () => { this.asked += 1; }, { capture: true });
  }

  /**
   * Reads the first page anew. What is shown stays while a row asks something (`data-asking`), and when something in it
   * was pressed meanwhile: what that says belongs to the rows that stand there.
   */
  async load() {
    if (!this.body) fill(this.root, h("p", { class: "soft", role: "status" }, this.i18n.t("loading")));
    const asked = ++this.asked;
    try {
      const page = await this.api.get(this.path);
      this.onPage(page);
      if (asked !== this.asked || this.root.querySelector("[data-asking]")) return page.items;
      keepFocus(this.root, this.#sameAgain(), () => {
        this.#start(page.items);
        this.#more(page.next);
      });
      return page.items;
    } catch (error) {
      this.body = null;
      fill(this.root, trouble(error, this.i18n, () => this.load()));
      return [];
    }
  }

  /** Finds what has the focus now once more, when the rows will have been made anew. */
  #sameAgain() {
    const { activeElement } = document;
    const id = activeElement.closest("tr")?.dataset.id;
    const { testid } = activeElement.dataset;
    const row = id ? `[data-id="${id}"] ` : "";
    return () => this.root.querySelector(`${row}[data-testid="${testid}"]`) ?? this.root.querySelector("a, button");
  }

  /** Takes a row out; the empty state comes back with the last one. */
  remove(row) {
    row.remove();
    if (!this.body.children.length) this.#start([]);
  }

  #start(items) {
    if (!items.length) {
      this.body = null;
      return fill(this.root, this.empty());
    }
    this.body = h("tbody", {}, items.map((item) => this.row(item)));
    this.foot = h("div", { class: "row" });
    const head = h("thead", {}, h("tr", {}, this.columns.map((title) => h("th", { scope: "col" }, title || h("span", { class: "unseen" }, this.i18n.t("actions"))))));
    fill(this.root, h("table", { class: "table table-cards", "aria-label": this.label }, head, this.body), this.foot);
  }

  #more(next) {
    if (!this.foot?.isConnected) return;
    const more = next && button(this.i18n.t("show_more"), { "data-testid": "show-more", onclick: () => this.#next(more, next) });
    fill(this.foot, more);
  }

  async #next(more, address) {
    if (isBusy(more)) return;
    setBusy(more, true);
    try {
      const page = await this.api.get(address);
      const rows = page.items.map((item) => this.row(item));
      this.body.append(...rows);
      keepFocus(this.foot, () => rows[0]?.querySelector("a, button") ?? this.foot.querySelector("button"), () => this.#more(page.next));
    } catch (error) {
      setBusy(more, false);
      this.foot.append(trouble(error, this.i18n));
    }
  }
}

/** A cell with its column's title beside it for the narrow screen, where rows become cards. */
export const cell = (label, ...children) => h("td", { "data-label": label }, h("div", {}, children));
