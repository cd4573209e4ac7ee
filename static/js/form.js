/** The form of a new report: what it offers, what is chosen, the request's body, and the estimate under it. */

import { button, byId, complain, fill, forgive, h } from "./dom.js";
import { isAbort, messageOf, notice } from "./notice.js";

const FIELD_IDS = {
  date_from: "date-from", date_to: "date-to", date_field: "date-field", mycompany_id: "mycompany",
  assigned_by_id: "assigned-by", currency: "currency", paid: "paid", stages: "stages",
};
const EARLIEST = "2000-01-01";

export class ReportForm {
  /** `placement`: {company_id, invoice_id}; `today`: the portal's date. */
  constructor({ i18n, today, placement }) {
    Object.assign(this, { i18n, today, placement });
    this.form = byId("form");
    this.options = { date_fields: [], stages: [], my_companies: [], currencies: [], assignees: [], categories: [] };
    this.settings = {};
    this.#offerScope(placement.invoice_id ? "invoice" : placement.company_id ? "company" : "all");
    this.form.addEventListener("change", () => this.#show());
  }

  /** Fills the lists with what the portal has. */
  offer(options, settings) {
    const { i18n } = this;
    this.options = { ...this.options, ...options };
    this.settings = settings;
    const any = ["", i18n.t("any")];
    list("date-field", this.options.date_fields.map((field) => [field.name, field.title]));
    list("paid", [any, ["true", i18n.t("paid_only")], ["false", i18n.t("unpaid_only")]]);
    list("currency", [any, ...this.options.currencies.map((code) => [code, code])]);
    list("mycompany", [any, ...this.options.my_companies.map((company) => [company.id, company.title])]);
    list("assigned-by", [any, ...this.options.assignees.map((person) => [person.id, person.name])]);
    byId("mycompany").closest(".field").hidden = this.options.my_companies.length < 2;
    byId("assigned-by").closest(".field").hidden = this.options.assignees.length < 2;
    this.stages = new StageList(byId("stages"), this.options.stages, this.options.categories);
  }

  /** Chooses what `choice` says and the defaults for what it does not: `{period, date_from, date_to, …}`. */
  set(choice) {
    const period = choice.period ?? this.settings.default_period ?? "this_month";
    this.#setPeriod(PERIODS.includes(period) ? period : "own", choice);
    byId("detailed").checked = Boolean(choice.detailed);
    pick("date-field", choice.date_field ?? this.settings.date_field);
    pick("paid", choice.paid ?? "");
    for (const key of ["currency", "mycompany_id", "assigned_by_id"]) pick(FIELD_IDS[key], choice[key] ?? "");
    this.stages?.set(choice.stages ?? this.#usualStages());
    this.#show();
  }

  /** What is chosen, as a saved set and the last choice keep it: the period by name where it has one. */
  choice() {
    const { company_id, invoice_id, ...rest } = this.body();
    return rest;
  }

  /** The body of `POST /reports`. */
  body() {
    const scope = checked("scope") ?? "all";
    const { from, to } = this.#range(scope);
    const stages = this.stages?.get() ?? [];
    return {
      date_from: from, date_to: to, period: this.#period(),
      date_field: byId("date-field").value || null,
      detailed: byId("detailed").checked,
      stages: this.#isUsual(stages) || stages.length === 0 ? null : stages,
      company_id: scope === "company" ? this.placement.company_id : null,
      invoice_id: scope === "invoice" ? this.placement.invoice_id : null,
      mycompany_id: number("mycompany"), assigned_by_id: number("assigned-by"),
      currency: byId("currency").value || null,
      paid: { true: true, false: false }[byId("paid").value] ?? null,
    };
  }

  /** What the portal calls the chosen date. */
  dateTitle() {
    return byId("date-field").selectedOptions[0]?.textContent ?? "";
  }

  /** What is wrong before anything is asked of the server: `{field: [message]}`. */
  mistakes() {
    const { date_from, date_to } = this.body();
    const { i18n } = this;
    if (!date_from) return { date_from: [i18n.t("date_missing")] };
    if (!date_to) return { date_to: [i18n.t("date_missing")] };
    return date_from > date_to ? { date_to: [i18n.t("dates_crossed")] } : {};
  }

  /** Says each field's errors beside it; returns those that belong to no field of the form. */
  showErrors(errors) {
    forgive(this.form);
    const others = [];
    for (const [field, messages] of Object.entries(errors)) {
      const control = byId(FIELD_IDS[field] ?? "");
      if (control) this.#complain(control, messages.join(" "));
      else others.push(...messages);
    }
    this.form.querySelector('[aria-invalid="true"]')?.focus();
    return others;
  }

  #complain(control, message) {
    complain(control, message);
    if (control.closest("#more")) byId("more").open = true;
    if (control.closest("#own-dates")) byId("own-dates").hidden = false;
  }

  /** The company of the invoice on whose card the page is: the next thing one may want. */
  offerCompany(id) {
    this.placement = { ...this.placement, company_id: id };
    this.#offerScope(checked("scope"));
  }

  #offerScope(chosen) {
    const { company_id, invoice_id } = this.placement;
    const possible = { invoice: Boolean(invoice_id), company: Boolean(company_id), all: true };
    for (const radio of this.form.elements.scope) radio.closest(".chip").hidden = !possible[radio.value];
    byId("scope-field").hidden = !(invoice_id || company_id);
    check("scope", chosen);
  }

  #period() {
    return checked("period") ?? "this_month";
  }

  /** One invoice is wanted whatever its date. */
  #range(scope) {
    if (scope === "invoice") return { from: EARLIEST, to: `${Number(this.today.slice(0, 4)) + 10}-12-31` };
    const period = this.#period();
    return period === "own" ? { from: byId("date-from").value, to: byId("date-to").value } : rangeOf(period, this.today);
  }

  #setPeriod(period, { date_from, date_to }) {
    check("period", period);
    const range = period === "own" ? { from: date_from, to: date_to } : rangeOf(period, this.today);
    byId("date-from").value = range.from ?? "";
    byId("date-to").value = range.to ?? "";
  }

  /** All stages but the failed ones and those that the settings leave out. */
  #usualStages() {
    const excluded = this.settings.excluded_stages ?? [];
    return this.options.stages.filter((stage) => stage.semantics !== "F" && !excluded.includes(stage.id)).map((stage) => stage.id);
  }

  #isUsual(stages) {
    return JSON.stringify(stages) === JSON.stringify(this.#usualStages());
  }

  #show() {
    const { i18n } = this;
    const period = this.#period();
    const scope = checked("scope");
    const { from, to } = this.#range(scope);
    byId("period-field").hidden = scope === "invoice";
    byId("own-dates").hidden = period !== "own";
    byId("range").textContent = period !== "own" && scope !== "invoice" ? i18n.range(from, to) : "";
    const narrowed = this.#narrowed();
    byId("more-count").textContent = narrowed ? i18n.count("conditions", narrowed) : "";
  }

  #narrowed() {
    const body = this.body();
    const usual = body.date_field === (this.settings.date_field ?? body.date_field);
    return ["stages", "mycompany_id", "assigned_by_id", "currency", "paid"].filter((key) => body[key] !== null).length + (usual ? 0 : 1);
  }
}

/** The choice that a report's params make, its period by name where it still has one. */
export function choiceOf(params, today) {
  return { period: nameOf(params.date_from, params.date_to, today), ...params };
}

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

const number = (id) => (byId(id).value ? Number(byId(id).value) : null);

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

const PAUSE = 500;

export class Estimate {
  /** `root`: a live region. */
  constructor({ root, api, i18n, form }) {
    Object.assign(this, { root, api, i18n, form });
  }

  /** Asks again shortly after the last change of the form. */
  soon() {
    clearTimeout(this.timer);
    this.asked?.abort();
    fill(this.root, h("p", { class: "soft" }, this.i18n.t("counting")));
    this.timer = setTimeout(() => this.#ask(), PAUSE);
  }

  async #ask() {
    if (Object.keys(this.form.mistakes()).length) return fill(this.root);
    const asked = (this.asked = new AbortController());
    try {
      this.#show(await this.api.post("/reports/preview", this.form.body(), { signal: asked.signal }));
    } catch (error) {
      if (isAbort(error)) return;
      if (error.status === 422) fill(this.root, ...this.form.showErrors(error.errors).map((text) => notice("warning", text)));
      else fill(this.root, notice("warning", `${this.i18n.t("not_counted")} ${messageOf(error, this.i18n, true)}`, button(this.i18n.t("try_again"), { onclick: () => this.soon() })));
    }
  }

  #show({ invoices, undated, seconds, at_most: atMost }) {
    const { i18n } = this;
    const without = undated ? i18n.count("undated", undated, { field: this.form.dateTitle() }) : null;
    if (invoices === 0) return fill(this.root, this.#nothing(without));
    const all = i18n.count("invoices", invoices);
    const counted = `${atMost ? i18n.t("at_most", { counted: all }) : all}, ${i18n.about(seconds)}`;
    return fill(this.root, h("p", { "data-testid": "estimate-count" }, h("strong", {}, counted)), without && h("p", { class: "soft small" }, without));
  }
  #nothing(without) {
    const { i18n } = this;
    return this.form.body().invoice_id ? notice("warning", i18n.t("nothing_invoice")) : notice("warning", i18n.t("nothing"), without, i18n.t("nothing_advice"));
  }
}

export const PERIODS = ["this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year"];

const pad = (number) => String(number).padStart(2, "0");
const firstOf = (year, month) => `${year}-${pad(month)}-01`;
const lastOf = (year, month) => `${year}-${pad(month)}-${pad(new Date(Date.UTC(year, month, 0)).getUTCDate())}`;

/** `months` months, `back` whole steps before the one that holds year/month. */
function span(year, month, months, back) {
  const index = Math.floor((year * 12 + month - 1) / months) * months - back * months;
  const at = (offset) => [Math.floor((index + offset) / 12), ((index + offset) % 12) + 1];
  return { from: firstOf(...at(0)), to: lastOf(...at(months - 1)) };
}

/** The first and the last day of the period `name`, both included. */
export function rangeOf(name, today) {
  const [year, month] = today.split("-").map(Number);
  const [which, unit] = name.split("_");
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  return span(year, month, months, which === "last" ? 1 : 0);
}

/** The name of the period that has exactly these days, else "own". */
export function nameOf(from, to, today) {
  const same = (name) => {
    const range = rangeOf(name, today);
    return range.from === from && range.to === to;
  };
  return PERIODS.find(same) ?? "own";
}
