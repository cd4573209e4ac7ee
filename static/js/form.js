/** The form of a new report: what it offers, what is chosen, and the body of the request made from it. */

import { byId, complain, fill, forgive, h } from "./dom.js";
import { nameOf, PERIODS, rangeOf } from "./period.js";
import { StageList } from "./stages.js";

const FIELD_IDS = {
  date_from: "date-from", date_to: "date-to", date_field: "date-field", mycompany_id: "mycompany",
  assigned_by_id: "assigned-by", currency: "currency", paid: "paid", stages: "stages",
};
const EARLIEST = "2000-01-01";

export class ReportForm {
  /** `placement`: {company_id, invoice_id}; `today`: the portal's date. */
  constructor({ words, today, placement }) {
    Object.assign(this, { words, today, placement });
    this.form = byId("form");
    this.options = { date_fields: [], stages: [], my_companies: [], currencies: [], assignees: [], categories: [] };
    this.settings = {};
    this.#offerScope(placement.invoice_id ? "invoice" : placement.company_id ? "company" : "all");
    this.form.addEventListener("change", () => this.#show());
  }

  /** Fills the lists with what the portal has. */
  offer(options, settings) {
    const { words } = this;
    this.options = { ...this.options, ...options };
    this.settings = settings;
    const any = ["", words.t("any")];
    list("date-field", this.options.date_fields.map((field) => [field.name, field.title]));
    list("paid", [any, ["true", words.t("paid_only")], ["false", words.t("unpaid_only")]]);
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
    const { words } = this;
    if (!date_from) return { date_from: [words.t("date_missing")] };
    if (!date_to) return { date_to: [words.t("date_missing")] };
    return date_from > date_to ? { date_to: [words.t("dates_crossed")] } : {};
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
    const { words } = this;
    const period = this.#period();
    const scope = checked("scope");
    const { from, to } = this.#range(scope);
    byId("period-field").hidden = scope === "invoice";
    byId("own-dates").hidden = period !== "own";
    byId("range").textContent = period !== "own" && scope !== "invoice" ? words.range(from, to) : "";
    const narrowed = this.#narrowed();
    byId("more-count").textContent = narrowed ? words.count("conditions", narrowed) : "";
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
