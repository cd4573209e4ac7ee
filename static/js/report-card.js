/** A report: how far it is, in words and as a bar, until it ends, and what it holds then. */

import { button, byId, fill, h, isBusy, keepFocus, setBusy } from "./dom.js";
import { downloads } from "./downloads.js";
import { isAbort, notice, trouble } from "./notice.js";

const PATH_OF_INVOICE = (id) => `/crm/type/31/details/${id}/`;

const SUMS = [["amount", "total_amount"], ["amount_with_vat", "total_with_vat"], ["amount_without_vat", "total_without_vat"], ["vat", "total_vat"]];
const testIdOf = (total, key) => ({ "data-testid": `total-${key}-${total.currency}` });

export class ReportCard {
  /** `onEnd(report)`: a watched report has ended; `onRepeat(report)`: the user wants it once more. */
  constructor({ api, i18n, frame, onEnd, onRepeat }) {
    Object.assign(this, { api, i18n, frame, onEnd, onRepeat });
    this.root = byId("result");
    this.body = byId("result-body");
    this.live = byId("result-said");
  }

  /** Nothing built yet: what will be here. `places`: a picture of where the application is, for its first opening. */
  showEmpty(places) {
    const { i18n } = this;
    this.#title("your_report");
    this.#fill(h("div", { class: "empty", "data-testid": "result-empty" }, h("p", {}, i18n.t("empty_report")),
      h("ul", { class: "points" }, ["short", "full", "problems"].map((sheet) => h("li", {}, i18n.t(`sheet_${sheet}`))))),
    places && h("details", { class: "more" }, h("summary", {}, i18n.t("where_to_find")), places));
  }

  /** Shows a report and, when it is under way, follows it to its end. */
  async show(report) {
    this.stop();
    this.report = report;
    if (!isUnderWay(report)) return this.#ended(report);
    const watched = (this.watched = new AbortController());
    const view = new ProgressView({ i18n: this.i18n, onCancel: () => this.#cancel(report) });
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
      this.#fill(trouble(error, this.i18n, () => this.show(report)));
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
    fill(this.body, trouble(error, this.i18n, again));
  }

  stop() {
    this.watched?.abort();
  }

  #under(view, report) {
    view.show(report);
    this.#say(spoken(report, this.i18n));
  }

  async #cancel(report) {
    try {
      await this.api.post(`/reports/${report.id}/cancel`);
      return true;
    } catch (error) {
      this.body.append(trouble(error, this.i18n));
      return false;
    }
  }

  #ended(report) {
    this.report = report;
    this.#title(`status_${report.status}`, report);
    this.#say(spoken(report, this.i18n));
    const views = { done: () => this.#done(report), failed: () => this.#failed(report), cancelled: () => this.#cancelled() };
    this.#fill(this.#about(report), views[report.status](), report.status !== "done" && this.#repeat(report));
  }

  #repeat(report) {
    return h("div", { class: "row" }, button(this.i18n.t("repeat"), { "data-testid": "repeat", onclick: () => this.onRepeat(report) }));
  }

  #about(report) {
    const { date_from, date_to, invoice_id } = report.params;
    const parts = [invoice_id ? this.i18n.t("one_invoice") : this.i18n.range(date_from, date_to), ...(report.filters ?? [])];
    return h("p", { class: "soft" }, parts.join(" · "));
  }

  #failed(report) {
    const { code, message } = report.error ?? {};
    return h("div", { "data-testid": "failed" }, notice("danger", message || this.i18n.t("unexpected_error"),
      code && h("p", { class: "small" }, `${this.i18n.t("code")}: `, h("code", {}, code))));
  }

  #cancelled() {
    return h("p", { "data-testid": "cancelled" }, this.i18n.t("cancelled_text"));
  }

  #done(report) {
    const { i18n } = this;
    const { summary } = report;
    return h("div", { class: "stack", "data-testid": "done" },
      downloads(report, { api: this.api, i18n }),
      summary.invoices === 0 ? notice("warning", i18n.t("nothing"), summary.undated ? i18n.count("undated_any", summary.undated) : null)
        : h("p", {}, h("strong", { "data-testid": "total-invoices" }, i18n.count("invoices", summary.invoices))),
      this.#totals(summary.totals ?? []),
      this.#problems(summary));
  }

  /** One currency reads as figures, several as a table. */
  #totals(totals) {
    return totals.length > 1 ? this.#table(totals) : totals.map((total) => this.#figures(total));
  }

  #figures(total) {
    const figure = ([key, label]) => h("div", { class: key === "amount" ? "figure figure-main" : "figure" },
      h("dt", {}, this.i18n.t(label)), h("dd", testIdOf(total, key), this.i18n.money(total[key], total.currency)));
    return h("dl", { class: "figures" }, SUMS.map(figure));
  }

  #table(totals) {
    const sum = (total) => ([key, label]) => h("td", { class: "number", "data-label": this.i18n.t(label), ...testIdOf(total, key) }, this.i18n.money(total[key], total.currency));
    const head = h("tr", {}, SUMS.map(([, label]) => h("th", { scope: "col", class: "number" }, this.i18n.t(label))));
    return h("table", { class: "table table-cards", "aria-label": this.i18n.t("col_totals") }, h("thead", {}, head),
      h("tbody", {}, totals.map((total) => h("tr", {}, SUMS.map(sum(total))))));
  }

  #problems({ problems = 0, first_problems = [] }) {
    const { i18n } = this;
    if (!problems) return notice("success", i18n.t("no_problems"));
    const first = first_problems.map((problem) => h("li", {}, this.#invoice(problem), problem.invoice_id && " · ", h("span", { lang: "ru" }, `${problem.field}: ${problem.message}`)));
    const rest = problems - first.length;
    const quoted = i18n.lang === "ru" ? null : h("p", { class: "small" }, i18n.t("problems_quoted"));
    const counted = first_problems.some(({ invoice_id }) => invoice_id) && h("p", { class: "small" }, i18n.t("problems_counted"));
    return h("div", { "data-testid": "problems" }, notice("warning", h("p", {}, h("strong", {}, i18n.count("problems", problems))), counted,
      quoted, h("ul", { class: "points" }, first), rest > 0 && i18n.count("problems_rest", rest)));
  }

  /** The invoice's number as a link into the portal. */
  #invoice({ invoice_id, number }) {
    if (!invoice_id) return "";
    const path = PATH_OF_INVOICE(invoice_id);
    return h("a", { "data-testid": "problem", href: this.frame.url(path), target: "_blank", rel: "noopener", onclick: this.frame.inSlider(path) }, number ? this.i18n.t("invoice_number", { number }) : this.i18n.t("invoice_id", { id: invoice_id }));
  }

  /** What had the focus here may go away: then the card itself has it, and Tab leads on from there. */
  #fill(...children) {
    keepFocus(this.body, () => this.root, () => fill(this.body, children));
  }

  #title(key, report) {
    byId("result-title").textContent = this.i18n.t(key);
    byId("result-when").textContent = report?.finished_at ? this.i18n.moment(report.finished_at) : "";
  }

  #say(text) {
    if (this.live.textContent !== text) this.live.textContent = text;
  }
}

const FIRST_PAUSE = 700;
const LONGEST_PAUSE = 3000;
const SHARES = { invoices: 25, requisites: 20, products: 45, workbook: 10 };

export const isUnderWay = (report) => report.status === "queued" || report.status === "running";

/** Asks for the report until it has ended or `signal` aborts; hands on each answer. Raises what `api` raises. */
async function watch(report, { api, signal, onChange }) {
  for (let pause = FIRST_PAUSE; isUnderWay(report); pause = Math.min(LONGEST_PAUSE, pause * 1.2)) {
    await later(pause, signal);
    report = await api.get(`/reports/${report.id}`, { signal, tries: Infinity });
    onChange(report);
  }
  return report;
}

function later(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("aborted", "AbortError")); }, { once: true });
  });
}

/** How much of the whole is done, 0…100. Product rows take a share only when they are read. */
export function share(report) {
  const { stage, done = 0, total } = report.progress ?? {};
  const stages = Object.keys(SHARES).filter((name) => name !== "products" || report.params.detailed);
  if (!stages.includes(stage)) return 0;
  const whole = stages.reduce((sum, name) => sum + SHARES[name], 0);
  const before = stages.slice(0, stages.indexOf(stage)).reduce((sum, name) => sum + SHARES[name], 0);
  return ((before + SHARES[stage] * (total ? Math.min(1, done / total) : 0)) / whole) * 100;
}

/** What is shown while a report is under way; `show` brings it up to date without losing the focus. */
export class ProgressView {
  constructor({ i18n, onCancel }) {
    this.i18n = i18n;
    this.bar = h("progress", { max: 100, "aria-labelledby": "progress-words", "data-testid": "progress" });
    this.text = h("p", { id: "progress-words", "data-testid": "progress-words" });
    this.waiting = h("div", {});
    this.cancel = button(i18n.t("cancel"), { "data-testid": "cancel", onclick: () => this.#cancel(onCancel) });
    this.element = h("div", { class: "stack", "data-testid": "under-way" }, this.text, this.bar, this.waiting,
      h("p", { class: "soft" }, i18n.t("tab_may_close")), h("div", { class: "row" }, this.cancel));
    this.top = 0;
  }

  show(report) {
    this.top = Math.max(this.top, share(report));
    if (report.status === "queued") this.bar.removeAttribute("value");
    else this.bar.value = this.top;
    this.text.textContent = said(report, this.i18n);
    fill(this.waiting, waitingNotice(report, this.i18n));
  }

  async #cancel(onCancel) {
    if (isBusy(this.cancel)) return;
    setBusy(this.cancel, true);
    this.cancel.textContent = this.i18n.t("cancelling");
    const accepted = await onCancel();
    if (accepted) return;
    setBusy(this.cancel, false);
    this.cancel.textContent = this.i18n.t("cancel");
  }
}

function said(report, i18n) {
  if (report.status === "queued") return i18n.t("queued");
  const { stage, done, total } = report.progress ?? {};
  if (!stage) return i18n.t("starting");
  const counted = total ? i18n.t("done_of", { done: i18n.number(done), total: i18n.number(total) }) : done ? i18n.number(done) : "";
  return counted ? `${i18n.t(`stage_${stage}`)}: ${counted}` : i18n.t(`stage_${stage}`);
}

function waitingNotice(report, i18n) {
  const waiting = report.progress?.waiting;
  if (!waiting || waiting.reason === "bucket") return null;
  const key = i18n.has(`waiting_${waiting.reason}`) ? `waiting_${waiting.reason}` : "waiting_retry";
  const until = waiting.until ? ` ${i18n.t("waiting_until", { time: i18n.time(waiting.until) })}` : "";
  return h("p", { class: "notice notice-warning", "data-testid": "waiting" }, i18n.t(key) + until);
}

/** What a screen reader is told: a change of state or stage, never each figure. */
function spoken(report, i18n) {
  if (!isUnderWay(report)) return i18n.t(`status_${report.status}`);
  const waiting = report.progress?.waiting && report.progress.waiting.reason !== "bucket";
  if (report.status === "queued") return i18n.t("queued");
  return i18n.t(waiting ? "waiting_short" : report.progress?.stage ? `stage_${report.progress.stage}` : "starting");
}
