/** The estimate under the form: how many invoices, how long. */

import { button, fill, h } from "./dom.js";
import { isAbort, messageOf, notice } from "./notice.js";

const PAUSE = 500;
const LONG_SECONDS = 30;

export class Estimate {
  /** `root`: a live region. `isAdmin`: may have reports fetched in another way. */
  constructor({ root, api, i18n, form, isAdmin }) {
    Object.assign(this, { root, api, i18n, form, isAdmin });
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

  #show({ invoices, undated, seconds, batch_seconds: faster, at_most: atMost }) {
    const { i18n } = this;
    const without = undated ? i18n.count("undated", undated, { field: this.form.dateTitle() }) : null;
    if (invoices === 0) return fill(this.root, this.#nothing(without));
    const all = i18n.count("invoices", invoices);
    const counted = `${atMost ? i18n.t("at_most", { counted: all }) : all}, ${i18n.about(seconds)}${this.#faster(seconds, faster)}`;
    return fill(this.root, h("p", { "data-testid": "estimate-count" }, h("strong", {}, counted)), without && h("p", { class: "soft small" }, without));
  }

  /** What fast fetching would make of a long report; for those who may switch it on. */
  #faster(seconds, faster) {
    if (!this.isAdmin || !faster || seconds < LONG_SECONDS || 2 * faster > seconds) return "";
    return this.i18n.t("in_batches", { about: this.i18n.about(faster) });
  }

  #nothing(without) {
    const { i18n } = this;
    return this.form.body().invoice_id ? notice("warning", i18n.t("nothing_invoice")) : this.form.body().as_of ? notice("warning", i18n.t("nobody_owes"), without)
      : notice("warning", i18n.t("nothing"), without, i18n.t("nothing_advice"));
  }
}
