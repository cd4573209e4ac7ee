/** Questions about what was found at the installation: one click keeps it. */

import { button, fill, h, isBusy, setBusy } from "./dom.js";
import { notice, trouble } from "./notice.js";
import { ZoneField } from "./zone-field.js";

export class ZoneQuestion {
  /** `onSaved(settings)`: the page goes by them from now on. */
  constructor({ root, api, i18n, guess, onSaved }) {
    Object.assign(this, { root, api, i18n, onSaved });
    this.note = h("div", { class: "stack", "aria-live": "polite" });
    const list = h("ul", { class: "suggestions", id: "zone-guess-list", role: "listbox", "aria-label": i18n.t("zone_label"), hidden: true });
    const input = h("input", { class: "input", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
      value: guess, "aria-label": i18n.t("zone_label"), autocomplete: "off", spellcheck: "false", maxlength: 64, "data-testid": "zone-guess" });
    const city = h("span", {}, i18n.clock());
    this.zone = new ZoneField({ input, list, note: city, api, i18n });
    this.save = button(i18n.t("zone_keep"), { "data-testid": "zone-keep", onclick: () => this.#save() });
    fill(root, notice("info", i18n.t("zone_question"), h("div", { class: "row" }, h("div", { class: "suggested" }, input, list), this.save, city), this.note));
  }

  async #save() {
    if (isBusy(this.save)) return;
    setBusy(this.save, true);
    fill(this.note);
    try {
      const saved = await confirm(this.api, "time_zone", { time_zone: this.zone.value });
      fill(this.root, notice("success", this.i18n.t("zone_saved", { zone: saved.time_zone })));
      this.onSaved(saved);
    } catch (error) {
      const wrong = error.errors?.time_zone;
      fill(this.note, wrong ? h("p", { class: "field-error" }, wrong) : trouble(error, this.i18n));
      setBusy(this.save, false);
    }
  }
}

/** What counts as paid: the field that was found by its title, or the stage where none was. */
export class PaidQuestion {
  /** `title`: the field's, null without one; `onChange()`: leads to the setting. */
  constructor({ root, api, i18n, title, onChange }) {
    Object.assign(this, { root, api, i18n });
    this.note = h("div", { class: "stack", "aria-live": "polite" });
    this.keep = button(i18n.t("paid_right"), { "data-testid": "paid-right", onclick: () => this.#keep() });
    const change = button(i18n.t("paid_change"), { "data-testid": "paid-change", onclick: onChange });
    const question = title ? i18n.t("paid_question", { title }) : i18n.t("paid_question_stage");
    fill(root, notice("info", question, h("div", { class: "row" }, this.keep, change), this.note));
  }

  async #keep() {
    if (isBusy(this.keep)) return;
    setBusy(this.keep, true);
    fill(this.note);
    try {
      await confirm(this.api, "paid_field");
      fill(this.root, notice("success", this.i18n.t("paid_kept")));
    } catch (error) {
      fill(this.note, trouble(error, this.i18n));
      setBusy(this.keep, false);
    }
  }
}

/** The settings are written whole: what else stands there stays, and other questions stay open. */
async function confirm(api, question, changes = {}) {
  let tag = null;
  const settings = await api.get("/settings", { onAnswer: (answer) => { tag = answer.headers.get("ETag"); } });
  return api.put(`/settings?confirms=${question}`, { ...settings, ...changes }, { headers: { "If-Match": tag } });
}
