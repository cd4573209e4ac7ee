/** A report on its way: asks how far it is until it ends, and shows it in words and as a bar. */

import { button, fill, h, isBusy, setBusy } from "./dom.js";

const FIRST_PAUSE = 700;
const LONGEST_PAUSE = 3000;
const SHARES = { invoices: 25, requisites: 20, products: 45, workbook: 10 };

export const isUnderWay = (report) => report.status === "queued" || report.status === "running";

/** Asks for the report until it has ended or `signal` aborts; hands on each answer. Raises what `api` raises. */
export async function watch(report, { api, signal, onChange }) {
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
  constructor({ words, onCancel }) {
    this.words = words;
    this.bar = h("progress", { max: 100, "aria-labelledby": "progress-words", "data-testid": "progress" });
    this.text = h("p", { id: "progress-words", "data-testid": "progress-words" });
    this.waiting = h("div", {});
    this.cancel = button(words.t("cancel"), { "data-testid": "cancel", onclick: () => this.#cancel(onCancel) });
    this.element = h("div", { class: "stack", "data-testid": "under-way" }, this.text, this.bar, this.waiting,
      h("p", { class: "soft" }, words.t("tab_may_close")), h("div", { class: "row" }, this.cancel));
    this.top = 0;
  }

  show(report) {
    this.top = Math.max(this.top, share(report));
    if (report.status === "queued") this.bar.removeAttribute("value");
    else this.bar.value = this.top;
    this.text.textContent = said(report, this.words);
    fill(this.waiting, waitingNotice(report, this.words));
  }

  async #cancel(onCancel) {
    if (isBusy(this.cancel)) return;
    setBusy(this.cancel, true);
    this.cancel.textContent = this.words.t("cancelling");
    const accepted = await onCancel();
    if (accepted) return;
    setBusy(this.cancel, false);
    this.cancel.textContent = this.words.t("cancel");
  }
}

function said(report, words) {
  if (report.status === "queued") return words.t("queued");
  const { stage, done, total } = report.progress ?? {};
  if (!stage) return words.t("starting");
  const counted = total ? words.t("done_of", { done: words.number(done), total: words.number(total) }) : done ? words.number(done) : "";
  return counted ? `${words.t(`stage_${stage}`)}: ${counted}` : words.t(`stage_${stage}`);
}

function waitingNotice(report, words) {
  const waiting = report.progress?.waiting;
  if (!waiting || waiting.reason === "bucket") return null;
  const key = words.has(`waiting_${waiting.reason}`) ? `waiting_${waiting.reason}` : "waiting_retry";
  const until = waiting.until ? ` ${words.t("waiting_until", { time: words.time(waiting.until) })}` : "";
  return h("p", { class: "notice notice-warning", "data-testid": "waiting" }, words.t(key) + until);
}

/** What a screen reader is told: a change of state or stage, never each figure. */
export function spoken(report, words) {
  if (!isUnderWay(report)) return words.t(`status_${report.status}`);
  const waiting = report.progress?.waiting && report.progress.waiting.reason !== "bucket";
  if (report.status === "queued") return words.t("queued");
  return words.t(waiting ? "waiting_short" : report.progress?.stage ? `stage_${report.progress.stage}` : "starting");
}
