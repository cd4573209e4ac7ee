/** A report: how far it is, in words and as a bar, until it ends, and what it holds then. */

import { button, byId, fill, h, isBusy, keepFocus, linkButton, setBusy } from "./dom.js";
import { ConnectionError } from "./api.js";
import { downloads } from "./downloads.js";
import { onDemand } from "./on-demand.js";
import { isAbort, notice, trouble } from "./notice.js";
import { debts, portalLink } from "./receivables.js";

const SUMS = [["amount", "total_amount"], ["amount_with_vat", "total_with_vat"], ["amount_without_vat", "total_without_vat"], ["vat", "total_vat"]];
const PAYMENTS = [["paid", "total_paid"], ["unpaid", "total_unpaid"], ["overdue", "total_overdue"]];
const OVERPAID = [["overpaid", "total_overpaid"]];
const testIdOf = (total, key) => ({ "data-testid": `total-${key}-${total.currency}` });

export class ReportCard {
  /** `onEnd(report)`: a watched report has ended; `onRepeat(report, changes)`: the user wants it once more, with these parameters besides. */
  constructor({ api, i18n, frame, onEnd, onRepeat, onSchedule, onSample }) {
    Object.assign(this, { api, i18n, frame, onEnd, onRepeat, onSchedule, onSample });
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
    this.#offerSample(), places && h("details", { class: "more" }, h("summary", {}, i18n.t("where_to_find")), places));
  }

  /** For a portal without invoices: where they are made, and a report of invented ones. */
  #offerSample() {
    const { i18n } = this;
    return this.onSample && h("div", { class: "stack" }, h("p", { class: "soft" }, i18n.t("no_invoices"), " ", portalLink("/crm/type/31/list/category/0/", i18n.t("to_invoices"), this.frame)),
      h("div", { class: "row" }, button(i18n.t("sample_show"), { "data-testid": "sample", onclick: () => this.onSample() })));
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

  /** Shows a finished report and opens its rows. */
  look(report) {
    this.show(report);
    this.body.querySelector('[data-testid="look"]').click();
  }

  /** The report that is shown was deleted. */
  forget(id) {
    if (this.report?.id !== id) return;
    this.stop();
    this.report = null;
    this.showEmpty();
  }

  /** A link led to a report that is not there for this user. */
  showMissing() {
    this.#fill(h("div", { "data-testid": "missing" }, notice("warning", this.i18n.t("linked_missing"))));
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
    this.#fill(this.#about(report), views[report.status](), this.#repeat(report));
  }

  #repeat(report) {
    const done = report.status === "done";
    const place = h("div", {});
    const { sample } = report.params;
    if (report.deliveries?.length) this.#sending(report, place);
    const send = done && !sample && button(this.i18n.t("send"), { "data-testid": "send", onclick: async () => (await this.#sending(report, place))?.open() });
    const rows = hasRows(report) && button(this.i18n.t("rows_show"), { "data-testid": "look", "aria-expanded": "false", "aria-controls": "result-rows", onclick: (event) => this.#look(report, event.currentTarget) });
    return [h("div", { class: "row" }, rows, button(this.i18n.t(done ? "refresh" : "repeat"), { "data-testid": "repeat", onclick: () => this.onRepeat(report) }), send,
      done && !sample && this.onSchedule && button(this.i18n.t("schedule_it"), { "data-testid": "schedule-it", onclick: () => this.onSchedule(report) })), place];
  }

  /** Opens and closes the report's rows, in a card of their own: they need the page's whole width. */
  async #look(report, pressed) {
    const { api, i18n, frame } = this;
    const open = pressed.getAttribute("aria-expanded") !== "true";
    pressed.setAttribute("aria-expanded", String(open));
    pressed.textContent = i18n.t(open ? "rows_hide" : "rows_show");
    byId("result-rows").hidden = !open;
    const body = byId("result-rows-body");
    fill(body);
    if (!open) return;
    try {
      const { RowsView } = await onDemand("rows");
      const view = new RowsView({ api, i18n, frame, h, fill, button, trouble }, report);
      fill(body, this.#mark(report), view.element);
      await view.load();
      await frame.show(byId("result-rows"));
    } catch (error) {
      fill(body, trouble(new ConnectionError(error.message), i18n));
    }
  }

  /** Where the report was sent, and the form that sends it, in `place`; null where it could not be loaded. */
  async #sending(report, place) {
    const { api, i18n } = this;
    if (place.sending) return place.sending;
    try {
      const { Sending } = await onDemand("send");
      place.sending = new Sending({ api, i18n, h, fill, button, linkButton, isBusy, setBusy, notice, trouble }, report);
      fill(place, place.sending.element);
    } catch (error) {
      fill(place, trouble(new ConnectionError(error.message), i18n));
    }
    return place.sending;
  }

  #about(report) {
    const parts = [!report.params.invoice_id && this.i18n.span(report.params), ...(report.filters ?? [])];
    return h("p", { class: "soft", "data-testid": "about" }, parts.filter(Boolean).join(" · "));
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
      this.#mark(report), downloads(report, { api: this.api, i18n }),
      summary.invoices === 0 ? notice("warning", i18n.t(summary.receivables ? "nobody_owes" : "nothing"), summary.undated ? i18n.count("undated_any", summary.undated) : null, summary.receivables ? null : this.#offerSample())
        : h("p", {}, h("strong", { "data-testid": "total-invoices" }, i18n.count("invoices", summary.invoices))),
      summary.receivables ? debts(summary, { i18n, frame: this.frame }) : this.#totals(summary.totals ?? []),
      this.#problems(summary, languageOf(report)),
      summary.receivables || report.params.sample ? null : this.#comparison(report));
  }

  /** What a report of invented invoices is, wherever it is shown. */
  #mark({ params }) {
    return params.sample && h("div", { "data-testid": "sample-mark" }, notice("info", this.i18n.t("sample_note")));
  }

  /** What has changed since the report that this one is compared with, and the way to compare it. */
  #comparison(report) {
    const { i18n } = this;
    const { changes } = report.summary;
    const lines = h("div", {});
    const form = h("div", {});
    const counted = changes && h("p", {}, h("strong", {}, i18n.t(changes.added + changes.gone + changes.changed ? "changes_counted" : "changes_none", changes)));
    if (changes) this.#compared(lines, ({ changeLines }) => fill(lines, changeLines(changes, { h, i18n, frame: this.frame, lang: languageOf(report) })));
    const tools = { api: this.api, i18n, h, fill, button, trouble };
    const open = ({ Comparing }) => {
      const comparing = new Comparing(tools, report, (id) => this.onRepeat(report, { compare_with: id, lang: languageOf(report) }));
      fill(form, comparing.element);
      return comparing.open();
    };
    return [changes && h("div", { "data-testid": "changes" }, counted, lines),
      h("p", {}, linkButton(i18n.t("compare"), { "data-testid": "compare", onclick: () => this.#compared(form, open) })), form];
  }

  /** Does `then` with what compares, loaded now; says in `place` where it does not come. */
  async #compared(place, then) {
    try {
      await then(await onDemand("compare"));
    } catch (error) {
      fill(place, trouble(new ConnectionError(error.message), this.i18n));
    }
  }

  /** Figures of each currency; who owes what comes last, where the report tells it. */
  #totals(totals) {
    const sums = totals.every((total) => total.unpaid !== undefined) ? [...SUMS, ...PAYMENTS] : SUMS;
    const figure = (total) => ([key, label]) => h("div", { class: key === "amount" ? "figure figure-main" : "figure" },
      h("dt", {}, this.i18n.t(label)), h("dd", testIdOf(total, key), this.i18n.money(total[key], total.currency)));
    return totals.map((total) => h("dl", { class: "figures" }, (total.overpaid ? [...sums, ...OVERPAID] : sums).map(figure(total))));
  }

  /** All problems by field, the first group open; reports of earlier versions tell the first ones alone. */
  #problems({ problems = 0, first_problems = [], problems_by_field = [] }, lang) {
    const { i18n } = this;
    if (!problems) return notice("success", i18n.t("no_problems"));
    const quoted = i18n.lang !== lang && h("p", { class: "small" }, i18n.t("problems_quoted"));
    const counted = first_problems.some(({ invoice_id }) => invoice_id) && h("p", { class: "small" }, i18n.t("problems_counted"));
    const groups = problems_by_field.length ? problems_by_field : [{ field: null, count: problems, first: first_problems }];
    return h("div", { "data-testid": "problems" }, notice("warning", h("p", {}, h("strong", {}, i18n.count("problems", problems))), counted, quoted, groups.map((group, index) => this.#group(group, lang, index === 0))));
  }

  #group({ field, count, first }, lang, open) {
    const { i18n } = this;
    const line = (problem) => h("li", {}, this.#invoice(problem), problem.invoice_id && " · ", this.#client(problem), h("span", { lang }, field ? problem.message : `${problem.field}: ${problem.message}`));
    const rest = count - first.length;
    const lines = [h("ul", { class: "points" }, first.map(line)), rest > 0 && h("p", { class: "small" }, i18n.count("problems_rest", rest))];
    if (!field) return lines;
    return h("details", { class: "group", open, "data-testid": "problem-group" }, h("summary", {}, h("span", { lang }, field), `: ${i18n.number(count)}`), lines);
  }

  /** The invoice's number as a link into the portal. */
  #invoice({ invoice_id, number }) {
    if (!invoice_id) return "";
    if (this.report.params.sample) return this.i18n.t("invoice_number", { number });
    const path = this.frame.pathOfInvoice(invoice_id);
    return h("a", { "data-testid": "problem", href: this.frame.url(path), target: "_blank", rel: "noopener", onclick: this.frame.inSlider(path) }, number ? this.i18n.t("invoice_number", { number }) : this.i18n.t("invoice_id", { id: invoice_id }));
  }

  /** Where an ИНН is mended: the client's card. */
  #client({ company_id, contact_id }) {
    if (this.report.params.sample) return "";
    const path = company_id ? `/crm/company/details/${company_id}/` : contact_id && `/crm/contact/details/${contact_id}/`;
    return path && [portalLink(path, this.i18n.t("client_card"), this.frame), " · "];
  }

  /** What had the focus here may go away: then the card itself has it, and Tab leads on from there. */
  #fill(...children) {
    byId("result-rows").hidden = true;
    fill(byId("result-rows-body"));
    keepFocus(this.body, () => this.root, () => fill(this.body, children));
  }

  #title(key, report) {
    byId("result-title").textContent = this.i18n.t(key);
    byId("result-when").textContent = report?.finished_at ? `${this.i18n.moment(report.finished_at)} (${this.i18n.clock()})` : "";
  }

  #say(text) {
    if (this.live.textContent !== text) this.live.textContent = text;
  }
}

const FIRST_PAUSE = 700;
const LONGEST_PAUSE = 3000;
const SHARES = { invoices: 25, requisites: 20, products: 45, workbook: 10 };

export const hasRows = ({ status, summary }) => status === "done" && summary?.invoices > 0;
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
  const until = waiting.until ? ` ${i18n.t("waiting_until", { time: `${i18n.time(waiting.until)} (${i18n.clock()})` })}` : "";
  return h("p", { class: "notice notice-warning", "data-testid": "waiting" }, i18n.t(key) + until);
}

/** What a screen reader is told: a change of state or stage, never each figure. */
function spoken(report, i18n) {
  if (!isUnderWay(report)) return i18n.t(`status_${report.status}`);
  const waiting = report.progress?.waiting && report.progress.waiting.reason !== "bucket";
  if (report.status === "queued") return i18n.t("queued");
  return i18n.t(waiting ? "waiting_short" : report.progress?.stage ? `stage_${report.progress.stage}` : "starting");
}

/** The language of a report's words. */
const languageOf = ({ params }) => params.lang ?? "ru";
