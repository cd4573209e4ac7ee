/** The counterparty of a report: found by title or ИНН as one types, shown as a chip that can be taken off. */

import { Combobox } from "./combobox.js";
import { byId, fill, h } from "./dom.js";
import { isAbort } from "./notice.js";

export class Counterparty {
  /** `onChange()`: another company, or none, was chosen. */
  constructor({ api, i18n, onChange }) {
    Object.assign(this, { api, i18n, onChange });
    this.company = null;
    this.input = byId("counterparty");
    this.box = new Combobox({
      input: this.input, list: byId("counterparty-list"), i18n, none: i18n.t("company_not_found"), pause: 300, shortest: 2,
      find: async (text, signal) => (await api.get(`/companies?search=${encodeURIComponent(text)}`, { signal })).items,
      label: (company) => inWords(company, i18n), onChoose: (company) => this.#choose(company),
    });
    this.input.addEventListener("change", (event) => event.stopPropagation());
  }

  get id() {
    return this.company?.id ?? null;
  }

  /** Chooses the company with this id, or none, without telling anybody. Its title is asked for. */
  set(id) {
    if (id === this.id) return;
    this.company = id ? { id, title: this.i18n.t("company_loading") } : null;
    this.#show();
    if (id) this.#name(id);
  }

  async #name(id) {
    let company = { id, title: this.i18n.t("company_id", { id }) };
    try {
      company = await this.api.get(`/companies/${id}`);
    } catch (error) {
      if (isAbort(error)) return;
    }
    if (this.id !== id) return;
    this.company = company;
    this.#show();
  }

  #choose(company) {
    this.company = company;
    this.input.value = "";
    this.box.close();
    this.#show();
    (company ? byId("counterparty-off") : this.input).focus();
    this.onChange();
  }

  #show() {
    const { company } = this;
    this.input.hidden = Boolean(company);
    const off = company && h("button", { type: "button", class: "link", id: "counterparty-off", "data-testid": "counterparty-off",
      "aria-label": this.i18n.t("remove", { name: company.title }), onclick: () => this.#choose(null) }, "×");
    fill(byId("counterparty-chosen"), company && h("span", { class: "badge", "data-testid": "counterparty-chip" }, inWords(company, this.i18n), " ", off));
  }
}

const inWords = ({ title, inn }, i18n) => (inn ? `${title} · ${i18n.t("inn")} ${inn}` : title);
