/** Reports built earlier: download again, repeat, delete. */

import { button, byId, h, isBusy, linkButton, setBusy } from "./dom.js";
import { smallDownloads } from "./downloads.js";
import { trouble } from "./notice.js";
import { cell, PagedTable } from "./paging.js";
import { hasRows } from "./report-card.js";

const KINDS = { done: "success", failed: "danger", cancelled: "warning" };

export class History {
  /** `onLook(report)`, `onRepeat(report)`, `onDelete(id)`, `onStart()`: the buttons of a row and of the empty state. */
  constructor({ api, i18n, onLook, onRepeat, onDelete, onStart }) {
    Object.assign(this, { api, i18n, onLook, onRepeat, onDelete });
    const columns = ["col_period", "col_status", "col_totals", "col_built", "col_size"].map((key) => i18n.t(key));
    this.table = new PagedTable({
      root: byId("history"), api, i18n, path: "/reports", columns: [...columns, ""], label: i18n.t("history_label"),
      row: (report) => this.#row(report),
      empty: () => h("div", { class: "empty", "data-testid": "history-empty" }, h("p", {}, i18n.t("history_empty")),
        h("p", {}, button(i18n.t("to_first_report"), { onclick: onStart }))),
    });
  }

  /** Reads the newest reports; returns them. */
  load() {
    return this.table.load();
  }

  #row(report) {
    const { i18n } = this;
    const period = report.params.invoice_id ? i18n.t("one_invoice") : i18n.span(report.params);
    const filters = (report.filters ?? []).join(" · ");
    const row = h("tr", { "data-testid": "history-row", "data-id": report.id },
      h("th", { scope: "row", "data-label": i18n.t("col_period") }, h("div", {}, period, filters && h("span", { class: "sub" }, filters))),
      cell(i18n.t("col_status"), h("span", { class: `badge badge-${KINDS[report.status] ?? "info"}` }, i18n.t(`badge_${report.status}`))),
      cell(i18n.t("col_totals"), this.#totals(report)),
      cell(i18n.t("col_built"), i18n.moment(report.created_at)),
      cell(i18n.t("col_size"), this.#size(report)),
      h("td", { class: "actions" }));
    this.#actions(row, report);
    return row;
  }

  #totals({ summary, error }) {
    const { i18n } = this;
    if (error?.message) return [error.message];
    if (!summary) return ["—"];
    const sums = (summary.totals ?? []).map((total) => h("span", { class: "sub nowrap" }, i18n.money(total.amount, total.currency)));
    return [i18n.count("invoices", summary.invoices), ...sums];
  }

  #size(report) {
    const file = report.downloads[0];
    return file?.size ? this.i18n.size(file.size) : "—";
  }

  #actions(row, report) {
    const { i18n } = this;
    const about = i18n.span(report.params);
    const action = (key, props) => linkButton(i18n.t(key), { "aria-label": `${i18n.t(key)}: ${about}`, ...props });
    row.lastChild.replaceChildren(h("div", { class: "row" }, report.status === "done" ? smallDownloads(report, this) : null,
      hasRows(report) && action("rows_show", { "data-testid": "history-look", onclick: () => this.onLook(report) }),
      action("repeat", { "data-testid": "history-repeat", onclick: () => this.onRepeat(report) }),
      action("delete", { "data-testid": "history-delete", class: "link link-danger", onclick: () => this.#ask(row, report) })));
  }

  /** Deleting is asked once more, in the row itself: dialogues do not open in the portal's frame. */
  #ask(row, report) {
    const { i18n } = this;
    const keep = button(i18n.t("keep"), { onclick: () => this.#keep(row, report) });
    const confirm = button(i18n.t("delete"), { class: "button button-danger", "data-testid": "history-delete-confirm", onclick: () => this.#delete(row, report, confirm) });
    row.lastChild.replaceChildren(h("div", { class: "row", "data-asking": true }, h("span", {}, i18n.t("delete_question")), confirm, keep));
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
        row.lastChild.append(trouble(error, this.i18n));
        return;
      }
    }
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.table.remove(row);
    (next?.querySelector("button, a") ?? byId("tab-history")).focus();
    this.onDelete(report.id);
  }
}
