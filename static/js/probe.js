/** The portal questioned step by step: a table of what came back, and the same as text to be copied. */

import { button, byId, fill, h, isBusy, setBusy } from "./dom.js";
import { notice, trouble } from "./notice.js";
import { cell } from "./paging.js";

export class Probe {
  constructor({ api, i18n }) {
    Object.assign(this, { api, i18n });
    this.root = byId("probe");
    this.note = byId("probe-note");
    this.start = byId("probe-start");
    this.start.addEventListener("click", () => this.#run({ rows: [], text: "", next: 0, spent: 0 }));
  }

  /** Goes on with `found` until the last step; what failed can be tried again from there. */
  async #run(found) {
    if (isBusy(this.start)) return;
    setBusy(this.start, true);
    try {
      while (found.next !== null) {
        fill(this.note, h("p", { class: "soft" }, this.i18n.t("probing", { n: found.rows.length })));
        const step = await this.api.post("/probe", { from: found.next, spent: found.spent });
        found = { ...step, rows: [...found.rows, ...step.rows], text: found.text + step.text };
        this.#show(found);
      }
      fill(this.note, notice("success", this.i18n.t("probe_done", { n: found.spent })), this.#copyOf(found.text));
    } catch (error) {
      fill(this.note, trouble(error, this.i18n, () => this.#run(found)));
    } finally {
      setBusy(this.start, false);
    }
  }

  #show({ rows }) {
    const columns = ["probe_asked", "probe_answered", "probe_therefore"].map((key) => this.i18n.t(key));
    const head = h("thead", {}, h("tr", {}, columns.map((title) => h("th", { scope: "col" }, title))));
    const body = h("tbody", {}, rows.map((row) => this.#row(row, columns)));
    fill(this.root, h("table", { class: "table table-cards table-tight", "aria-label": this.i18n.t("probe_label") }, head, body));
  }

  #row({ method, way, ok, status, code, milliseconds, rows, outcome, therefore }, columns) {
    const { i18n } = this;
    const figures = [
      milliseconds === null ? null : i18n.t("probe_ms", { n: i18n.number(milliseconds) }),
      rows === null ? null : i18n.t("probe_rows", { n: i18n.number(rows) }),
    ].filter(Boolean).join(" · ");
    const answer = status === null && ok === false ? code || "—" : [status, code].filter(Boolean).join(" ");
    return h("tr", { "data-testid": "probe-row", "data-outcome": outcome },
      cell(columns[0], method, way ? h("span", { class: "sub" }, way) : null),
      cell(columns[1], answer, figures ? h("span", { class: "sub" }, figures) : null),
      cell(columns[2], therefore));
  }

  /** The button above the table, which is long. */
  #copyOf(text) {
    const below = h("div", { class: "stack" });
    const copy = button(this.i18n.t("copy"), { "data-testid": "probe-copy", onclick: () => this.#copy(text, below) });
    return [h("div", { class: "row" }, copy), below];
  }

  /** The portal's frame may forbid the clipboard: then the text is shown, selected. */
  async #copy(text, below) {
    try {
      await navigator.clipboard.writeText(text);
      fill(below, notice("success", this.i18n.t("copied")));
    } catch {
      const area = h("textarea", { class: "input", rows: 12, readonly: true, "aria-label": this.i18n.t("probe_label"), "data-testid": "probe-text" });
      area.value = text;
      fill(below, notice("info", this.i18n.t("copy_yourself")), area);
      area.focus();
      area.select();
    }
  }
}
