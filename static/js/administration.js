/** What administrators see: the portal's settings (read whole, changed, written whole), its journal, its self-check. */

import { button, byId, complain, fill, forgive, h, isBusy, linkButton, setBusy } from "./dom.js";
import { check, checked, list, PERIODS, pick, StageList } from "./form.js";
import { goneFields, notice, trouble } from "./notice.js";
import { cell, PagedTable } from "./paging.js";

const FIELD_IDS = {
  date_field: "set-date-field", shipped_field: "set-shipped-field", paid_field: "set-paid-field", time_zone: "set-time-zone",
  default_period: "set-period", report_days: "set-report-days", journal_days: "set-journal-days", excluded_stages: "set-stages",
};

export class SettingsForm {
  /** `onSaved(settings)`: the form of a new report takes them over. */
  constructor({ api, i18n, frame, onSaved }) {
    Object.assign(this, { api, i18n, onSaved });
    this.note = byId("settings-note");
    this.builders = new Builders({ i18n, frame });
    byId("settings").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    byId("settings").addEventListener("input", () => fill(this.note));
  }

  async load() {
    if (this.settings) return;
    fill(byId("settings-loading"), h("p", { class: "soft" }, this.i18n.t("loading")));
    try {
      const [settings, options] = await Promise.all([this.#read(), this.api.get("/options")]);
      this.#offer(options);
      this.#show(settings);
      fill(byId("settings-loading"));
      byId("settings-fields").hidden = false;
    } catch (error) {
      fill(byId("settings-loading"), trouble(error, this.i18n, () => this.load()));
    }
  }

  #read() {
    return this.api.get("/settings", { onAnswer: this.#keepTag });
  }

  /** Which settings are known here: a save names them, so that those of another administrator are not lost unseen. */
  #keepTag = (answer) => { this.tag = answer.headers.get("ETag"); };

  #offer(options) {
    const { i18n } = this;
    const fields = options.date_fields.map((field) => [field.name, field.title]);
    fill(byId("settings-gone"), goneFields(options.gone_fields, i18n));
    list("set-date-field", fields);
    list("set-shipped-field", [["", i18n.t("not_chosen")], ...fields]);
    list("set-paid-field", [["", i18n.t("not_chosen")], ...fields]);
    list("set-period", PERIODS.map((name) => [name, i18n.t(`period_${name}`)]));
    const failed = (stage) => stage.semantics === "F";
    this.stages = new StageList(byId("set-stages"), options.stages.filter((stage) => !failed(stage)), options.categories ?? []);
    this.failedStages = options.stages.filter(failed).map((stage) => stage.id);
    this.builders.offer(options.assignees ?? [], options.knows_departments);
    fill(byId("time-zones"), (Intl.supportedValuesOf?.("timeZone") ?? []).map((zone) => h("option", { value: zone })));
  }

  /** `known`: what the server has, to which `settings` may add what was typed. */
  #show(settings, known = settings) {
    this.settings = known;
    for (const key of ["date_field", "shipped_field", "paid_field", "default_period"]) pick(FIELD_IDS[key], settings[key] ?? "");
    byId("set-time-zone").value = settings.time_zone ?? "";
    byId("set-report-days").value = settings.report_days ?? "";
    byId("set-journal-days").value = settings.journal_days ?? "";
    this.stages.set(settings.excluded_stages ?? []);
    this.builders.set(settings.builders ?? { mode: "everybody", users: [], departments: [] });
    if (settings === known) this.untouched = this.#body();
  }

  /** The whole object; failed stages that were left out before stay left out. */
  #body() {
    const text = (key) => byId(FIELD_IDS[key]).value.trim() || null;
    const days = (key) => (byId(FIELD_IDS[key]).value === "" ? null : Number(byId(FIELD_IDS[key]).value));
    const kept = (this.settings.excluded_stages ?? []).filter((id) => this.failedStages.includes(id));
    return {
      ...this.settings,
      date_field: text("date_field"), shipped_field: text("shipped_field"), paid_field: text("paid_field"),
      excluded_stages: [...this.stages.get(), ...kept], time_zone: text("time_zone"), default_period: text("default_period"),
      builders: this.builders.get(), report_days: days("report_days"), journal_days: days("journal_days"),
    };
  }

  async #save() {
    const save = byId("settings-save");
    if (isBusy(save) || !this.settings) return;
    setBusy(save, true);
    fill(this.note);
    try {
      const headers = { "If-Match": this.tag };
      const saved = await this.api.put("/settings", this.#body(), { headers, onAnswer: this.#keepTag });
      this.#complain({});
      this.#show(saved);
      fill(byId("settings-gone"));
      fill(this.note, notice("success", this.i18n.t("settings_saved")));
      this.onSaved(saved);
    } catch (error) {
      if (error.status === 412) return this.#askWhose(error);
      const others = this.#complain(error.errors ?? {});
      fill(this.note, error.status === 422 ? notice("danger", this.i18n.t("settings_wrong"), others) : trouble(error, this.i18n));
    } finally {
      setBusy(save, false);
    }
  }

  /** Another administrator was quicker: theirs alone, or theirs with what was typed here. */
  #askWhose(error) {
    const choice = (key, keep) => button(this.i18n.t(key), { "data-testid": key, onclick: () => this.#takeTheirs(keep) });
    fill(this.note, notice("warning", error.detail, h("div", { class: "row" }, choice("settings_theirs", false), choice("settings_mine", true))));
  }

  async #takeTheirs(keep) {
    try {
      const theirs = await this.#read();
      const typed = Object.entries(this.#body()).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(this.untouched[key]));
      this.#show(theirs);
      if (keep) this.#show({ ...theirs, ...Object.fromEntries(typed) }, theirs);
      fill(this.note, notice("info", this.i18n.t(keep ? "settings_mine_kept" : "settings_theirs_shown")));
      byId("settings-save").focus();
    } catch (error) {
      fill(this.note, trouble(error, this.i18n, () => this.#takeTheirs(keep)));
    }
  }

  #complain(errors) {
    const form = byId("settings");
    forgive(form);
    const others = [];
    for (const [field, messages] of Object.entries(errors)) {
      const control = byId(FIELD_IDS[field] ?? "");
      const text = [messages].flat().filter((message) => typeof message === "string").join(" ");
      if (!control) others.push(text || field);
      else complain(control, text);
    }
    form.querySelector('[aria-invalid="true"]')?.focus();
    return others;
  }
}

class Builders {
  constructor({ i18n, frame }) {
    Object.assign(this, { i18n, frame });
    this.names = new Map();
    for (const radio of document.querySelectorAll('input[name="builders"]')) radio.addEventListener("change", () => this.#show());
    byId("builders-add").addEventListener("change", (event) => this.#add("users", Number(event.target.value)));
    byId("builders-pick").addEventListener("click", () => this.#pickInPortal());
    frame.ready().then((BX24) => { byId("builders-pick").hidden = !(BX24?.selectAccess || BX24?.selectUsers); });
  }

  /** `people`: [{id, name}] known to the app; `knowsDepartments`: the app may ask who works where. */
  offer(people, knowsDepartments) {
    for (const person of people) this.#name("users", person.id, person.name);
    this.people = people;
    this.knowsDepartments = knowsDepartments;
  }

  set({ mode, users = [], departments = [], names = {} }) {
    for (const [code, name] of Object.entries(names)) this.names.set(code, name);
    this.chosen = { users: [...users], departments: [...departments] };
    check("builders", mode);
    this.#show();
  }

  get() {
    const codes = Object.entries(this.chosen).flatMap(([kind, ids]) => ids.map((id) => codeOf(kind, id)));
    const names = Object.fromEntries(codes.filter((code) => this.names.has(code)).map((code) => [code, this.names.get(code)]));
    return { mode: checked("builders") ?? "everybody", ...this.chosen, names };
  }

  #name(kind, id, name) {
    this.names.set(codeOf(kind, id), name);
  }

  #titleOf(kind, id) {
    return this.names.get(codeOf(kind, id)) ?? this.i18n.t(kind === "users" ? "employee_id" : "department_id", { id });
  }

  #add(kind, id) {
    if (id && !this.chosen[kind].includes(id)) this.chosen[kind].push(id);
    this.#show();
  }

  #remove(kind, id) {
    this.chosen[kind] = this.chosen[kind].filter((other) => other !== id);
    this.#show();
    byId("builders-add").focus();
  }

  #show() {
    byId("builders-chosen").hidden = checked("builders") !== "chosen";
    const left = (this.people ?? []).filter((person) => !this.chosen.users.includes(person.id));
    list("builders-add", [["", this.i18n.t("add_employee")], ...left.map((person) => [person.id, person.name])]);
    byId("builders-add").selectedIndex = 0;
    fill(byId("builders-list"), ["users", "departments"].flatMap((kind) => this.chosen[kind].map((id) => this.#chip(kind, id))));
  }

  #chip(kind, id) {
    const title = this.#titleOf(kind, id);
    return h("li", { class: "badge" }, title, " ", linkButton("×", { "aria-label": this.i18n.t("remove", { name: title }), onclick: () => this.#remove(kind, id) }));
  }

  /** The portal's own dialogue: of employees and departments, or of employees alone where departments mean nothing. */
  async #pickInPortal() {
    const BX24 = await this.frame.ready();
    if (BX24.selectAccess && this.knowsDepartments) BX24.selectAccess((picked) => this.#take(picked ?? []));
    else BX24.selectUsers((picked) => this.#take((picked ?? []).map(({ id, name }) => ({ id: `U${id}`, name }))));
  }

  /** Codes such as U12 (employee), D5 and DR5 (department); groups and the like cannot build reports, which is said. */
  #take(picked) {
    const others = [];
    for (const { id, name } of picked) {
      const [, letter, number] = /^(U|DR?)(\d+)$/.exec(id) ?? [];
      if (!number) {
        others.push(name);
        continue;
      }
      const kind = letter === "U" ? "users" : "departments";
      this.#name(kind, Number(number), name);
      this.#add(kind, Number(number));
    }
    fill(byId("builders-note"), others.length > 0 && notice("warning", this.i18n.t("builders_left_out", { names: others.join(", ") })));
    byId("builders-pick").focus();
  }
}

const codeOf = (kind, id) => (kind === "users" ? `U${id}` : `D${id}`);

/** The table of `{at, user, action, report_id, details}`. */
export function journalTable({ api, i18n }) {
  const columns = ["col_when", "col_who", "col_what"].map((key) => i18n.t(key));
  const action = (item) => (i18n.has(`journal_${item.action}`) ? i18n.t(`journal_${item.action}`) : item.action);
  const row = (item) => h("tr", { "data-testid": "journal-row" },
    cell(columns[0], h("span", { class: "nowrap" }, i18n.moment(item.at))),
    cell(columns[1], item.user?.name || i18n.t("journal_nobody")),
    cell(columns[2], action(item), details(item, i18n)));
  const empty = () => h("div", { class: "empty" }, h("p", {}, i18n.t("journal_empty")));
  return new PagedTable({ root: byId("journal"), api, i18n, path: "/journal", columns, row, empty, label: i18n.t("journal_label") });
}

/** The period of the report where there is one, else plain values by name. */
function details({ details: values }, i18n) {
  if (!values) return null;
  const { date_from, date_to, ...rest } = values;
  const parts = date_from && date_to ? [i18n.range(date_from, date_to)] : [];
  for (const [key, value] of Object.entries(rest)) {
    if (["string", "number"].includes(typeof value)) parts.push(`${i18n.has(`detail_${key}`) ? i18n.t(`detail_${key}`) : key}: ${value}`);
  }
  return parts.length ? h("span", { class: "sub" }, parts.join(" · ")) : null;
}

export class SelfCheck {
  constructor({ api, i18n }) {
    Object.assign(this, { api, i18n });
    this.root = byId("self-check");
    byId("check-again").addEventListener("click", () => this.load());
  }

  async load() {
    const { i18n } = this;
    fill(this.root, h("p", { class: "soft" }, i18n.t("checking")));
    try {
      const { checks } = await this.api.get("/self-check");
      const failed = checks.filter((check) => !check.ok);
      fill(this.root, failed.length ? notice("warning", i18n.count("checks_failed", failed.length)) : notice("success", i18n.t("checks_passed")),
        h("ul", { class: "steps" }, checks.map((check) => this.#check(check))));
    } catch (error) {
      fill(this.root, trouble(error, i18n, () => this.load()));
    }
  }

  #check({ code, ok, title, advice }) {
    return h("li", { class: ok ? "ok" : "failed", "data-code": code },
      h("span", { class: "mark", "aria-hidden": "true" }, ok ? "✓" : "!"),
      h("span", {}, title, h("span", { class: ok && "unseen" }, ` — ${this.i18n.t(ok ? "check_ok" : "check_failed")}`)),
      advice ? h("span", { class: "sub" }, advice) : null);
  }
}
