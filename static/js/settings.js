/** The portal's settings, for administrators: read whole, changed, written whole. */

import { Builders } from "./builders.js";
import { byId, complain, fill, forgive, h, isBusy, setBusy } from "./dom.js";
import { list, pick } from "./form.js";
import { notice, trouble } from "./notice.js";
import { PERIODS } from "./period.js";
import { StageList } from "./stages.js";

const FIELD_IDS = {
  date_field: "set-date-field", shipped_field: "set-shipped-field", paid_field: "set-paid-field", time_zone: "set-time-zone",
  default_period: "set-period", report_days: "set-report-days", journal_days: "set-journal-days", excluded_stages: "set-stages",
};

export class SettingsForm {
  /** `onSaved(settings)`: the form of a new report takes them over. */
  constructor({ api, words, frame, onSaved }) {
    Object.assign(this, { api, words, onSaved });
    this.note = byId("settings-note");
    this.builders = new Builders({ words, frame });
    byId("settings").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    byId("settings").addEventListener("input", () => fill(this.note));
  }

  async load() {
    if (this.settings) return;
    fill(byId("settings-loading"), h("p", { class: "soft" }, this.words.t("loading")));
    try {
      const [settings, options] = await Promise.all([this.api.get("/settings"), this.api.get("/options")]);
      this.#offer(options);
      this.#show(settings);
      fill(byId("settings-loading"));
      byId("settings-fields").hidden = false;
    } catch (error) {
      fill(byId("settings-loading"), trouble(error, this.words, () => this.load()));
    }
  }

  #offer(options) {
    const { words } = this;
    const fields = options.date_fields.map((field) => [field.name, field.title]);
    list("set-date-field", fields);
    list("set-shipped-field", [["", words.t("not_chosen")], ...fields]);
    list("set-paid-field", [["", words.t("not_chosen")], ...fields]);
    list("set-period", PERIODS.map((name) => [name, words.t(`period_${name}`)]));
    const failed = (stage) => stage.semantics === "F";
    this.stages = new StageList(byId("set-stages"), options.stages.filter((stage) => !failed(stage)), options.categories ?? []);
    this.failedStages = options.stages.filter(failed).map((stage) => stage.id);
    this.builders.offer(options.assignees ?? [], options.knows_departments);
    fill(byId("time-zones"), (Intl.supportedValuesOf?.("timeZone") ?? []).map((zone) => h("option", { value: zone })));
  }

  #show(settings) {
    this.settings = settings;
    for (const key of ["date_field", "shipped_field", "paid_field", "default_period"]) pick(FIELD_IDS[key], settings[key] ?? "");
    byId("set-time-zone").value = settings.time_zone ?? "";
    byId("set-report-days").value = settings.report_days ?? "";
    byId("set-journal-days").value = settings.journal_days ?? "";
    this.stages.set(settings.excluded_stages ?? []);
    this.builders.set(settings.builders ?? { mode: "everybody", users: [], departments: [] });
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
      const saved = (await this.api.put("/settings", this.#body())) ?? this.#body();
      this.#complain({});
      this.#show(saved);
      fill(this.note, notice("success", this.words.t("settings_saved")));
      this.onSaved(saved);
    } catch (error) {
      const others = this.#complain(error.errors ?? {});
      fill(this.note, error.status === 422 ? notice("danger", this.words.t("settings_wrong"), others) : trouble(error, this.words));
    } finally {
      setBusy(save, false);
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
