/** Settings: where the paid amount comes from, with the portal's last invoices as they would look. */

import { button, byId, fill, h } from "./dom.js";
import { check, checked, list, pick } from "./choices.js";
import { notice, trouble } from "./notice.js";

export class PaymentSource {
  constructor({ api, i18n }) {
    Object.assign(this, { api, i18n, asked: 0 });
    this.root = byId("payment-example");
    for (const radio of document.querySelectorAll('input[name="payment-source"]')) radio.addEventListener("change", () => this.#choose());
    byId("set-amount-field").addEventListener("change", () => this.#choose());
  }

  /** `fields`: [{name, title}] that may hold a paid amount. */
  offer(fields) {
    list("set-amount-field", [["", this.i18n.t("not_chosen")], ...fields.map((field) => [field.name, field.title])]);
  }

  set({ payment_source, paid_amount_field }) {
    check("payment-source", payment_source ?? "date");
    pick("set-amount-field", paid_amount_field ?? "");
    this.#show();
    fill(this.root, button(this.i18n.t("example_of"), { "data-testid": "payment-show", onclick: () => this.#load() }));
  }

  get() {
    return { payment_source: checked("payment-source") ?? "date", paid_amount_field: byId("set-amount-field").value || null };
  }

  #show() {
    const { payment_source } = this.get();
    for (const hint of document.querySelectorAll("#payment-sources [data-source]")) hint.hidden = hint.dataset.source !== payment_source;
    byId("amount-field").hidden = payment_source !== "field";
  }

  #choose() {
    this.#show();
    const { payment_source, paid_amount_field } = this.get();
    if (payment_source === "field" && !paid_amount_field) fill(this.root);
    else this.#load();
  }

  async #load() {
    const { i18n } = this;
    const asked = ++this.asked;
    fill(this.root, h("p", { class: "soft" }, i18n.t("loading")));
    try {
      const chosen = Object.entries(this.get()).filter(([, value]) => value);
      const found = await this.api.get(`/payment-example?${new URLSearchParams(chosen)}`);
      if (asked === this.asked) fill(this.root, found.refused && notice("warning", i18n.t("example_refused")), this.#table(found.items));
    } catch (error) {
      if (asked === this.asked) fill(this.root, trouble(error, i18n, () => this.#load()));
    }
  }

  #table(items) {
    const { i18n } = this;
    if (items.length === 0) return h("p", { class: "soft" }, i18n.t("example_empty"));
    const sum = (value, currency) => h("td", { class: "number" }, value === null ? "" : i18n.money(value, currency));
    const row = (each) => h("tr", { "data-testid": "payment-row" }, h("td", {}, each.number ?? `ID ${each.id}`),
      sum(each.amount, each.currency), sum(each.paid, each.currency), sum(each.outstanding, each.currency), h("td", {}, each.status ?? ""));
    const title = (key, name) => h("th", { scope: "col", class: name }, i18n.t(key));
    const titles = [title("col_number"), title("col_sum", "number"), title("col_paid", "number"), title("col_left", "number"), title("col_payment")];
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": i18n.t("example_of") },
      h("table", { class: "table table-tight table-small" }, h("caption", {}, i18n.t("example_of")), h("thead", {}, h("tr", {}, titles)), h("tbody", {}, items.map(row))));
  }
}
