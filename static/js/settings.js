/** The portal's settings: read whole, changed, written whole. */

import { Builders } from "./builders.js";
import { list, pick, StageList } from "./choices.js";
import { ColumnChooser } from "./columns.js";
import { button, byId, complain, fill, forgive, h, isBusy, setBusy } from "./dom.js";
import { goneFields, notice, trouble } from "./notice.js";
import { PaymentSource } from "./payments.js";
import { PERIODS } from "./periods.js";
import { inList, listIn } from "./receivables.js";
import { ZoneField } from "./zone-field.js";

const FIELD_IDS = {
  date_field: "set-date-field", shipped_field: "set-shipped-field", paid_field: "set-paid-field", time_zone: "set-time-zone",
  default_period: "set-period", report_days: "set-report-days", journal_days: "set-journal-days", excluded_stages: "set-stages",
  payment_source: "payment-sources", paid_amount_field: "set-amount-field", fetch_mode: "set-fetch-mode", receivables_borders: "set-borders", tabs_off: "set-tabs", columns: "set-columns",
};

const tabBoxes = () => [...byId("set-tabs").querySelectorAll("input")];

export class SettingsForm {
  /** `onSaved(settings)`: the form of a new report takes them over. */
  constructor({ api, i18n, frame, onSaved }) {
    Object.assign(this, { api, i18n, onSaved });
    this.note = byId("settings-note");
    this.builders = new Builders({ i18n, frame });
    this.payments = new PaymentSource({ api, i18n });
    this.columns = new ColumnChooser({ root: byId("set-columns"), i18n });
    this.zone = new ZoneField({ input: byId("set-time-zone"), list: byId("set-time-zone-list"), note: byId("set-time-zone-city"), api, i18n });
    byId("settings").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    byId("settings").addEventListener("input", () => fill(this.note));
    byId("settings-cancel").addEventListener("click", () => this.#takeBack());
  }

  /** Leads to one field, the settings having been opened. */
  async showField(key) {
    await this.load();
    byId(FIELD_IDS[key]).focus();
  }

  /** Others have changed them: the next opening reads them anew. */
  forget() {
    this.settings = null;
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
    this.columns.offer(options.columns ?? [], null);
    this.payments.offer(options.amount_fields ?? []);
    this.builders.offer(options.assignees ?? [], options.knows_departments);
  }

  /** `known`: what the server has, to which `settings` may add what was typed. */
  #show(settings, known = settings) {
    this.settings = known;
    for (const key of ["date_field", "shipped_field", "paid_field", "default_period"]) pick(FIELD_IDS[key], settings[key] ?? "");
    this.zone.set(settings.time_zone ?? "").catch((error) => console.info(error.message));
    for (const box of tabBoxes()) box.checked = !(settings.tabs_off ?? []).includes(box.value);
    byId("set-borders").value = inList(settings.receivables_borders);
    byId("set-report-days").value = settings.report_days ?? "";
    byId("set-journal-days").value = settings.journal_days ?? "";
    byId("set-fetch-mode").checked = settings.fetch_mode === "batch";
    this.payments.set(settings);
    this.stages.set(settings.excluded_stages ?? []);
    this.columns.set(settings.columns ?? null);
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
      ...this.payments.get(), builders: this.builders.get(), report_days: days("report_days"), journal_days: days("journal_days"),
      columns: this.columns.get(), receivables_borders: listIn(byId("set-borders").value), tabs_off: tabBoxes().filter((box) => !box.checked).map((box) => box.value), fetch_mode: byId("set-fetch-mode").checked ? "batch" : "list",
    };
  }

  async #save(sure = false) {
    const save = byId("settings-save");
    if (isBusy(save) || !this.settings) return;
    if (this.builders.isNobody() && !sure) return this.#askWhetherNobody();
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

  /** Nobody but administrators could build then, which may not be what is meant. */
  #askWhetherNobody() {
    const { i18n } = this;
    const choose = button(i18n.t("builders_choose"), { "data-testid": "builders-choose", onclick: () => { fill(this.note); byId("builders-add").focus(); } });
    const save = button(i18n.t("builders_nobody_save"), { "data-testid": "builders-nobody", onclick: () => this.#save(true) });
    fill(this.note, notice("warning", i18n.t("builders_nobody"), h("div", { class: "row" }, choose, save)));
    choose.focus();
  }

  /** What was typed since the last save goes. */
  #takeBack() {
    if (!this.settings) return;
    forgive(byId("settings"));
    this.#show(this.settings);
    fill(this.note, notice("info", this.i18n.t("settings_cancelled")));
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
