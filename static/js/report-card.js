/** The card of the current report: nothing yet, under way, done, failed, cancelled. */

import { button, byId, fill, h, keepFocus } from "./dom.js";
import { downloads } from "./downloads.js";
import { isAbort, notice, trouble } from "./notice.js";
import { isUnderWay, ProgressView, spoken, watch } from "./progress.js";

const PATH_OF_INVOICE = (id) => `/crm/type/31/details/${id}/`;

const SUMS = [["amount", "total_amount"], ["amount_with_vat", "total_with_vat"], ["amount_without_vat", "total_without_vat"], ["vat", "total_vat"]];
const testIdOf = (total, key) => ({ "data-testid": `total-${key}-${total.currency}` });

export class ReportCard {
  /** `onEnd(report)`: a watched report has ended; `onRepeat(report)`: the user wants it once more. */
  constructor({ api, words, frame, onEnd, onRepeat }) {
    Object.assign(this, { api, words, frame, onEnd, onRepeat });
    this.root = byId("result");
    this.body = byId("result-body");
    this.live = byId("result-said");
  }

  /** Nothing built yet: what will be here. `places`: a picture of where the application is, for its first opening. */
  showEmpty(places) {
    const { words } = this;
    this.#title("your_report");
    this.#fill(h("div", { class: "empty", "data-testid": "result-empty" }, h("p", {}, words.t("empty_report")),
      h("ul", { class: "points" }, ["short", "full", "problems"].map((sheet) => h("li", {}, words.t(`sheet_${sheet}`))))),
    places && h("details", { class: "more" }, h("summary", {}, words.t("where_to_find")), places));
  }

  /** Shows a report and, when it is under way, follows it to its end. */
  async show(report) {
    this.stop();
    this.report = report;
    if (!isUnderWay(report)) return this.#ended(report);
    const watched = (this.watched = new AbortController());
    const view = new ProgressView({ words: this.words, onCancel: () => this.#cancel(report) });
    this.#title("report_under_way", report);
    this.#fill(this.#about(report), view.element);
    this.#under(view, report);
    try {
      const onChange = (now) => this.#under(view, now);
      const ended = await watch(report, { api: this.api, signal: watched.signal, onChange });
      this.#ended(ended);
      this.onEnd(ended);
    } catch (error) {
      if (isAbort(error)) return;
      if (error.status === 404) return this.showEmpty();
      this.#fill(trouble(error, this.words, () => this.show(report)));
    }
  }

  /** The report that is shown was deleted. */
  forget(id) {
    if (this.report?.id !== id) return;
    this.stop();
    this.report = null;
    this.showEmpty();
  }

  showTrouble(error, again) {
    this.stop();
    fill(this.body, trouble(error, this.words, again));
  }

  stop() {
    this.watched?.abort();
  }

  #under(view, report) {
    view.show(report);
    this.#say(spoken(report, this.words));
  }

  async #cancel(report) {
    try {
      await this.api.post(`/reports/${report.id}/cancel`);
      return true;
    } catch (error) {
      this.body.append(trouble(error, this.words));
      return false;
    }
  }

  #ended(report) {
    this.report = report;
    this.#title(`status_${report.status}`, report);
    this.#say(spoken(report, this.words));
    const views = { done: () => this.#done(report), failed: () => this.#failed(report), cancelled: () => this.#cancelled() };
    this.#fill(this.#about(report), views[report.status](), report.status !== "done" && this.#repeat(report));
  }

  #repeat(report) {
    return h("div", { class: "row" }, button(this.words.t("repeat"), { "data-testid": "repeat", onclick: () => this.onRepeat(report) }));
  }

  #about(report) {
    const { date_from, date_to, invoice_id } = report.params;
    const parts = [invoice_id ? this.words.t("one_invoice") : this.words.range(date_from, date_to), ...(report.filters ?? [])];
    return h("p", { class: "soft" }, parts.join(" · "));
  }

  #failed(report) {
    const { code, message } = report.error ?? {};
    return h("div", { "data-testid": "failed" }, notice("danger", message || this.words.t("unexpected_error"),
      code && h("p", { class: "small" }, `${this.words.t("code")}: `, h("code", {}, code))));
  }

  #cancelled() {
    return h("p", { "data-testid": "cancelled" }, this.words.t("cancelled_text"));
  }

  #done(report) {
    const { words } = this;
    const { summary } = report;
    return h("div", { class: "stack", "data-testid": "done" },
      downloads(report, { api: this.api, words }),
      summary.invoices === 0 ? notice("warning", words.t("nothing"), summary.undated ? words.count("undated_any", summary.undated) : null)
        : h("p", {}, h("strong", { "data-testid": "total-invoices" }, words.count("invoices", summary.invoices))),
      this.#totals(summary.totals ?? []),
      this.#problems(summary));
  }

  /** One currency reads as figures, several as a table. */
  #totals(totals) {
    return totals.length > 1 ? this.#table(totals) : totals.map((total) => this.#figures(total));
  }

  #figures(total) {
    const figure = ([key, label]) => h("div", { class: key === "amount" ? "figure figure-main" : "figure" },
      h("dt", {}, this.words.t(label)), h("dd", testIdOf(total, key), this.words.money(total[key], total.currency)));
    return h("dl", { class: "figures" }, SUMS.map(figure));
  }

  #table(totals) {
    const sum = (total) => ([key, label]) => h("td", { class: "number", "data-label": this.words.t(label), ...testIdOf(total, key) }, this.words.money(total[key], total.currency));
    const head = h("tr", {}, SUMS.map(([, label]) => h("th", { scope: "col", class: "number" }, this.words.t(label))));
    return h("table", { class: "table table-cards", "aria-label": this.words.t("col_totals") }, h("thead", {}, head),
      h("tbody", {}, totals.map((total) => h("tr", {}, SUMS.map(sum(total))))));
  }

  #problems({ problems = 0, first_problems = [] }) {
    const { words } = this;
    if (!problems) return notice("success", words.t("no_problems"));
    const first = first_problems.map((problem) => h("li", {}, this.#invoice(problem), problem.invoice_id && " · ", h("span", { lang: "ru" }, `${problem.field}: ${problem.message}`)));
    const rest = problems - first.length;
    const quoted = words.lang === "ru" ? null : h("p", { class: "small" }, words.t("problems_quoted"));
    const counted = first_problems.some(({ invoice_id }) => invoice_id) && h("p", { class: "small" }, words.t("problems_counted"));
    return h("div", { "data-testid": "problems" }, notice("warning", h("p", {}, h("strong", {}, words.count("problems", problems))), counted,
      quoted, h("ul", { class: "points" }, first), rest > 0 && words.count("problems_rest", rest)));
  }

  /** The invoice's number as a link that the portal opens in its slider. */
  #invoice({ invoice_id, number }) {
    if (!invoice_id) return "";
    const path = PATH_OF_INVOICE(invoice_id);
    const open = (event) => { event.preventDefault(); this.frame.open(path); };
    return h("a", { "data-testid": "problem", href: this.frame.url(path), target: "_blank", rel: "noopener", onclick: open }, number ? this.words.t("invoice_number", { number }) : this.words.t("invoice_id", { id: invoice_id }));
  }

  /** What had the focus here may go away: then the card itself has it, and Tab leads on from there. */
  #fill(...children) {
    keepFocus(this.body, () => this.root, () => fill(this.body, children));
  }

  #title(key, report) {
    byId("result-title").textContent = this.words.t(key);
    byId("result-when").textContent = report?.finished_at ? this.words.moment(report.finished_at) : "";
  }

  #say(text) {
    if (this.live.textContent !== text) this.live.textContent = text;
  }
}
