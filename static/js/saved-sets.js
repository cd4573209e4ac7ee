/** Sets of settings by name: the user's own, and those shared by an administrator. */

import { byId, fill, h, isBusy, setBusy } from "./dom.js";
import { pick } from "./choices.js";
import { isAbort, notice, trouble } from "./notice.js";

/** What most people want first, for those who have no sets yet and for whoever looks for it. */
const READY = [
  { id: "ready-last_month", params: { period: "last_month" } },
  { id: "ready-unpaid", params: { period: "all_time", paid: false } },
  { id: "ready-debts", params: { kind: "receivables" } },
  { id: "ready-vat", params: { period: "last_quarter", detailed: true } },
];

export class SavedSets {
  /** `onChoose()`: a set was put into the form. `isAdmin`: may share, and change what is shared. */
  constructor({ api, i18n, form, isAdmin, onChoose }) {
    Object.assign(this, { api, i18n, form, isAdmin, onChoose });
    this.sets = [];
    this.select = byId("saved-set");
    this.note = byId("set-note");
    this.select.addEventListener("change", (event) => { event.stopPropagation(); this.#choose(); });
    byId("set-save").addEventListener("click", () => this.#edit(null));
    byId("set-edit").addEventListener("click", () => this.#edit(this.#chosen()));
    byId("set-delete").addEventListener("click", () => this.#askDelete());
    byId("set-confirm").addEventListener("click", () => this.#save());
    byId("set-cancel").addEventListener("click", () => this.#close());
    byId("set-name").addEventListener("keydown", (event) => this.#key(event));
    byId("set-form").addEventListener("change", (event) => event.stopPropagation());
    this.#offer();
  }

  async load() {
    try {
      const answer = await this.api.get("/saved-sets");
      this.sets = answer.items ?? answer;
      this.#offer(this.#named());
    } catch (error) {
      if (!isAbort(error)) fill(this.note, trouble(error, this.i18n, () => { fill(this.note); this.load(); }));
    }
  }

  /** The set that the form's columns came from when the page was last used, if it still has them; else what is chosen. */
  #named() {
    const { name, columns } = this.form.named;
    const known = this.sets.find((set) => set.name === name && JSON.stringify(set.params.columns ?? null) === columns);
    if (!known) this.form.nameSet(null);
    return known ? String(known.id) : this.select.value;
  }

  #chosen() {
    return [...this.sets, ...READY].find((set) => String(set.id) === this.select.value) ?? null;
  }

  #offer(id = this.select.value) {
    const group = (key, sets) => sets.length > 0 && h("optgroup", { label: this.i18n.t(key) }, sets.map((set) => h("option", { value: set.id }, set.name)));
    fill(this.select, h("option", { value: "" }, this.i18n.t("no_set")),
      group("sets_ready", READY.map((set) => ({ ...set, name: this.i18n.t(set.id.replace("-", "_")) }))), group("sets_own", this.sets.filter((set) => !set.shared)), group("sets_shared", this.sets.filter((set) => set.shared)));
    pick("saved-set", id);
    this.#showActions();
  }

  #showActions() {
    const set = this.#chosen();
    byId("set-edit").hidden = byId("set-delete").hidden = !(set?.mine || (set?.shared && this.isAdmin));
  }

  #choose() {
    const set = this.#chosen();
    this.#close(false);
    fill(this.note);
    this.#showActions();
    if (!set) return this.form.nameSet(null);
    this.form.set({ company_id: null, ...set.params, set_name: set.name });
    this.onChoose();
  }

  #edit(set) {
    this.edited = set;
    fill(this.note);
    byId("set-name").value = set?.name ?? "";
    if (this.isAdmin) byId("set-shared").checked = set?.shared ?? false;
    byId("set-form").hidden = false;
    byId("saved-set-actions").hidden = true;
    byId("set-name").focus();
  }

  #close(focus = true) {
    byId("set-form").hidden = true;
    byId("saved-set-actions").hidden = false;
    if (focus) byId(this.edited ? "set-edit" : "set-save").focus();
  }

  #key(event) {
    if (event.key === "Escape") this.#close();
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.#save();
  }

  async #save() {
    const confirm = byId("set-confirm");
    const name = byId("set-name").value.trim();
    if (isBusy(confirm)) return;
    if (!name) {
      fill(this.note, notice("warning", this.i18n.t("set_nameless")));
      return byId("set-name").focus();
    }
    const { set_name: _, ...params } = this.form.choice();
    const body = { name, params, shared: this.isAdmin && byId("set-shared").checked };
    setBusy(confirm, true);
    try {
      const saved = this.edited ? await this.api.put(`/saved-sets/${this.edited.id}`, body) : await this.api.post("/saved-sets", body);
      this.form.nameSet(name);
      await this.load();
      this.#offer(String(saved?.id ?? this.edited?.id ?? ""));
      this.#close();
      fill(this.note, notice("success", this.i18n.t("set_saved", { name })));
    } catch (error) {
      const lines = Object.values(error.errors ?? {}).flat();
      fill(this.note, lines.length ? notice("danger", lines) : trouble(error, this.i18n));
    } finally {
      setBusy(confirm, false);
    }
  }

  #askDelete() {
    const set = this.#chosen();
    const answer = (key, testid, kind, onclick) => h("button", { type: "button", class: `button ${kind}`, "data-testid": testid, onclick }, this.i18n.t(key));
    const confirm = answer("delete", "set-delete-confirm", "button-danger", () => this.#delete(set));
    const keep = answer("keep", "set-keep", "", () => { fill(this.note); byId("set-delete").focus(); });
    fill(this.note, notice("warning", this.i18n.t("set_delete_question", { name: set.name }), h("div", { class: "row" }, confirm, keep)));
    confirm.focus();
  }

  async #delete(set) {
    try {
      await this.api.delete(`/saved-sets/${set.id}`);
      this.sets = this.sets.filter((other) => other.id !== set.id);
      this.#offer("");
      fill(this.note);
      this.select.focus();
    } catch (error) {
      fill(this.note, trouble(error, this.i18n));
    }
  }
}
