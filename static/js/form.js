/** The form of a new report: what it offers, what is chosen, the request's body. */

import { check, checked, list, pick, StageList } from "./choices.js";
import { ColumnChooser } from "./columns.js";
import { Counterparty } from "./counterparty.js";
import { byId, complain, forgive } from "./dom.js";
import { PERIODS, rangeOf } from "./periods.js";
import { DayFields } from "./receivables.js";

const FIELD_IDS = {
  date_from: "date-from", date_to: "date-to", date_field: "date-field", company_id: "counterparty", mycompany_id: "mycompany",
  assigned_by_id: "assigned-by", currency: "currency", paid: "paid", stages: "stages", columns: "columns",
  as_of: "as-of", "due.from": "due-from", "due.days": "due-days", borders: "borders",
};

export class ReportForm {
  /** `placement`: {company_id, invoice_id}; `today`: the portal's date. */
  constructor({ i18n, api, today, placement }) {
    Object.assign(this, { i18n, today, placement });
    this.form = byId("form");
    this.counterparty = new Counterparty({ api, i18n, onChange: () => this.form.dispatchEvent(new Event("change", { bubbles: true })) });
    this.columns = new ColumnChooser({ root: byId("columns"), i18n });
    this.options = { columns: [], date_fields: [], stages: [], my_companies: [], currencies: [], assignees: [], categories: [] };
    this.settings = {};
    this.named = { name: null, columns: "null" };
    this.day = new DayFields(today);
    check("kind", "register");
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
    list("paid", [any, ["true", i18n.t("paid_only")], ["false", i18n.t("unpaid_only")], ["partly", i18n.t("partly_paid_only")], ["remainder", i18n.t("remainder_only")]]);
    list("currency", [any, ...this.options.currencies.map((code) => [code, code])]);
    list("mycompany", [any, ...this.options.my_companies.map((company) => [company.id, company.title])]);
    list("assigned-by", [any, ...this.options.assignees.map((person) => [person.id, person.name])]);
    byId("mycompany").closest(".field").hidden = this.options.my_companies.length < 2;
    byId("assigned-by").closest(".field").hidden = this.options.assignees.length < 2;
    this.columns.offer(this.options.columns, settings.columns);
    this.stages = new StageList(byId("stages"), this.options.stages, this.options.categories);
  }

  /** Chooses what `choice` says and the defaults for what it does not: `{period, date_from, date_to, …}`. */
  set(choice) {
    check("kind", choice.kind ?? "register");
    this.day.set({ borders: this.settings.receivables_borders, ...choice });
    const period = choice.period ?? this.settings.default_period ?? "this_month";
    this.#setPeriod(PERIODS.includes(period) ? period : "own", choice);
    byId("detailed").checked = Boolean(choice.detailed);
    this.#setCompany(choice.company_id ?? null);
    pick("date-field", choice.date_field ?? this.settings.date_field);
    pick("paid", choice.paid ?? "");
    for (const key of ["currency", "mycompany_id", "assigned_by_id"]) pick(FIELD_IDS[key], choice[key] ?? "");
    this.stages?.set(choice.stages ?? this.#usualStages());
    this.columns.set(choice.columns ?? null);
    this.nameSet(choice.set_name ?? null);
    this.#show();
  }

  /** The saved set that the columns come from, as they are now: it is theirs until they differ. */
  nameSet(name) {
    this.named = { name, columns: JSON.stringify(this.columns.get()) };
  }

  /** What is chosen, as a saved set keeps it: the period by name where it has one; a set is never for one invoice, nor of one day. */
  choice() {
    const { invoice_id, as_of, ...rest } = this.body();
    return rest;
  }

  /** The company of the card is a scope of its own; any other one stands as a chip. Without one the scope stays. */
  #setCompany(id) {
    const here = id !== null && id === this.placement.company_id;
    if (here) check("scope", "company");
    else if (id !== null) check("scope", "all");
    this.counterparty.set(here ? null : id);
  }

  /** The body of `POST /reports`. */
  body() {
    const scope = checked("scope") ?? "all";
    const { from, to } = this.#range(scope);
    const stages = this.stages?.get() ?? [];
    const common = {
      stages: this.#isUsual(stages) || stages.length === 0 ? null : stages,
      company_id: { company: this.placement.company_id, all: this.counterparty.id }[scope] ?? null,
      mycompany_id: number("mycompany"), assigned_by_id: number("assigned-by"),
      currency: byId("currency").value || null,
    };
    if (this.#isOfDay()) return { ...this.day.body(), ...common };
    return {
      date_from: from, date_to: to, period: this.#period(),
      date_field: byId("date-field").value || null,
      detailed: byId("detailed").checked,
      ...common,
      invoice_id: scope === "invoice" ? this.placement.invoice_id : null,
      paid: { true: true, false: false }[byId("paid").value] ?? (byId("paid").value || null),
      columns: this.columns.get(),
      set_name: JSON.stringify(this.columns.get()) === this.named.columns ? this.named.name : null,
    };
  }

  /** What the portal calls the chosen date. */
  dateTitle() {
    return byId("date-field").selectedOptions[0]?.textContent ?? "";
  }

  /** What is wrong before anything is asked of the server: `{field: [message]}`. */
  mistakes() {
    const { date_from, date_to, as_of } = this.body();
    const { i18n } = this;
    if (this.#isOfDay()) return as_of ? {} : { as_of: [i18n.t("date_missing")] };
    const missing = Object.entries({ date_from, date_to }).filter(([, day]) => !day).map(([field]) => [field, [i18n.t("date_missing")]]);
    if (missing.length) return Object.fromEntries(missing);
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
    control.closest("details")?.setAttribute("open", "");
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

  /** Of one invoice there is only the register. */
  #isOfDay() {
    return checked("scope") !== "invoice" && checked("kind") === "receivables";
  }

  #period() {
    return checked("period") ?? "this_month";
  }

  /** One invoice is wanted whatever its date. */
  #range(scope) {
    if (scope === "invoice") return rangeOf("all_time", this.today);
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
    const ofDay = this.#isOfDay();
    byId("kind-field").hidden = scope === "invoice";
    byId("period-field").hidden = scope === "invoice" || ofDay;
    byId("day-field").hidden = !ofDay;
    for (const id of ["detailed-field", "columns-more"]) byId(id).hidden = ofDay;
    for (const id of ["date-field", "paid"]) byId(id).closest(".field").hidden = ofDay;
    byId("counterparty-field").hidden = scope !== "all";
    byId("own-dates").hidden = period !== "own";
    byId("range").textContent = ["own", "all_time"].includes(period) || scope === "invoice" ? "" : i18n.range(from, to);
    const narrowed = this.#narrowed();
    const columns = this.columns.get()?.length;
    byId("columns-count").textContent = columns ? i18n.count("conditions", columns) : i18n.t("columns_as_usual");
    byId("more-count").textContent = narrowed ? i18n.count("conditions", narrowed) : "";
  }

  #narrowed() {
    const body = this.body();
    const usual = this.#isOfDay() || body.date_field === (this.settings.date_field ?? body.date_field);
    const company = checked("scope") !== "company" && body.company_id !== null;
    return ["stages", "mycompany_id", "assigned_by_id", "currency", "paid"].filter((key) => (body[key] ?? null) !== null).length + (usual ? 0 : 1) + (company ? 1 : 0);
  }
}

const number = (id) => (byId(id).value ? Number(byId(id).value) : null);
