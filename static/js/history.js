/** Reports built earlier: download again, repeat, delete. */

import { button, byId, h, isBusy, linkButton, setBusy } from "./dom.js";
import { smallDownloads, linksOf } from "./downloads.js";
import { trouble } from "./notice.js";
import { cell, PagedTable } from "./paging.js";

const KINDS = { done: "success", failed: "danger", cancelled: "warning" };

export class History {
  /** `onRepeat(report)`, `onDelete(id)`, `onStart()`: the buttons of a row and of the empty state. */
  constructor({ api, words, onRepeat, onDelete, onStart }) {
    Object.assign(this, { api, words, onRepeat, onDelete });
    const columns = ["col_period", "col_status", "col_totals", "col_built", "col_size"].map((key) => words.t(key));
    this.table = new PagedTable({
      root: byId("history"), api, words, path: "/reports", columns: [...columns, ""], label: words.t("history_label"),
      row: (report) => this.#row(report),
      empty: () => h("div", { class: "empty", "data-testid": "history-empty" }, h("p", {}, words.t("history_empty")),
        h("p", {}, button(words.t("to_first_report"), { onclick: onStart }))),
    });
  }

  /** Reads the newest reports; returns them. */
  load() {
    return this.table.load();
  }

  #row(report) {
    const { words } = this;
    const { date_from, date_to, invoice_id } = report.params;
    const period = invoice_id ? words.t("one_invoice") : words.range(date_from, date_to);
    const filters = (report.filters ?? []).join(" · ");
    const row = h("tr", { "data-testid": "history-row", "data-id": report.id },
      h("th", { scope: "row", "data-label": words.t("col_period") }, h("div", {}, period, filters && h("span", { class: "sub" }, filters))),
      cell(words.t("col_status"), h("span", { class: `badge badge-${KINDS[report.status] ?? "info"}` }, words.t(`badge_${report.status}`))),
      cell(words.t("col_totals"), this.#totals(report)),
      cell(words.t("col_built"), words.moment(report.created_at)),
      cell(words.t("col_size"), this.#size(report)),
      h("td", { class: "actions" }));
    this.#actions(row, report);
    return row;
  }

  #totals({ summary, error }) {
    const { words } = this;
    if (error?.message) return [error.message];
    if (!summary) return ["—"];
    const sums = (summary.totals ?? []).map((total) => h("span", { class: "sub nowrap" }, words.money(total.amount, total.currency)));
    return [words.count("invoices", summary.invoices), ...sums];
  }

  #size(report) {
    const file = linksOf(report)[0];
    return file?.size ? this.words.size(file.size) : "—";
  }

  #actions(row, report) {
    const { words } = this;
    const about = words.range(report.params.date_from, report.params.date_to);
    const action = (key, props) => linkButton(words.t(key), { "aria-label": `${words.t(key)}: ${about}`, ...props });
    row.lastChild.replaceChildren(h("div", { class: "row" }, report.status === "done" ? smallDownloads(report, this) : null,
      action("repeat", { "data-testid": "history-repeat", onclick: () => this.onRepeat(report) }),
      action("delete", { "data-testid": "history-delete", class: "link link-danger", onclick: () => this.#ask(row, report) })));
  }

  /** Deleting is asked once more, in the row itself: dialogues do not open in the portal's frame. */
  #ask(row, report) {
    const { words } = this;
    const keep = button(words.t("keep"), { onclick: () => this.#keep(row, report) });
    const confirm = button(words.t("delete"), { class: "button button-danger", "data-testid": "history-delete-confirm", onclick: () => this.#delete(row, report, confirm) });
    row.lastChild.replaceChildren(h("div", { class: "row", "data-asking": true }, h("span", {}, words.t("delete_question")), confirm, keep));
    confirm.focus();
  }

  /** The list may have changed while the question stood. */
  #keep(row, report) {
    this.#actions(row, report);
    row.querySelector('[data-testid="history-delete"]').focus();
    this.load();
  }

  async #delete(row, report, confirm) {
    if (isBusy(confirm)) return;
    setBusy(confirm, true);
    try {
      await this.api.delete(`/reports/${report.id}`);
    } catch (error) {
      if (error.status !== 404) {
        setBusy(confirm, false);
        row.lastChild.append(trouble(error, this.words));
        return;
      }
    }
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.table.remove(row);
    (next?.querySelector("button, a") ?? byId("tab-history")).focus();
    this.onDelete(report.id);
  }
}
