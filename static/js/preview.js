/** The pre-check under the form: how many invoices, how long, or why there is nothing. */

import { fill, h } from "./dom.js";
import { isAbort, notice, sentence } from "./notice.js";

const PAUSE = 500;

export class Preview {
  /** `root`: a live region. */
  constructor({ root, api, words, form }) {
    Object.assign(this, { root, api, words, form });
  }

  /** Asks again shortly after the last change of the form. */
  soon() {
    clearTimeout(this.timer);
    this.asked?.abort();
    fill(this.root, h("p", { class: "soft" }, this.words.t("counting")));
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
      else fill(this.root, notice("warning", `${this.words.t("not_counted")} ${sentence(error, this.words)}`));
    }
  }

  #show({ invoices, undated, seconds }) {
    const { words } = this;
    const without = undated ? words.count("undated", undated, { field: this.form.dateTitle() }) : null;
    if (invoices === 0) return fill(this.root, this.#nothing(without));
    const counted = `${words.count("invoices", invoices)}, ${words.about(seconds)}`;
    return fill(this.root, h("p", { "data-testid": "preview-count" }, h("strong", {}, counted)), without && h("p", { class: "soft small" }, without));
  }
  #nothing(without) {
    const { words } = this;
    return this.form.body().invoice_id ? notice("warning", words.t("nothing_invoice")) : notice("warning", words.t("nothing"), without, words.t("nothing_advice"));
  }
}
