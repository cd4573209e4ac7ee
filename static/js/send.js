/** Sending a finished report: where to, and how it goes. Loaded when somebody sends; it gets all it needs from the page. */

import { Targets } from "./targets.js";

/** Milliseconds between two looks at a report that is on its way, and how often at most. */
const LOOK = 1500;
const LOOKS = 40;

export class Sending {
  /** `tools`: api, i18n, and what dom.js and notice.js of the page export. `onSent(report)`: as the server now has it. */
  constructor(tools, report) {
    Object.assign(this, tools);
    this.report = report;
    const { h } = this;
    this.form = h("div", {});
    this.states = h("ul", { class: "points", "data-testid": "deliveries", "aria-live": "polite" });
    this.element = h("div", { class: "stack", "data-testid": "sending" }, this.form, this.states);
    this.#showStates();
  }

  /** Opens the form and moves the focus to it. */
  async open() {
    const { i18n, h, fill } = this;
    this.targets = new Targets(this, "send");
    this.note = h("div", { role: "alert" });
    this.submit = this.button(i18n.t("send_now"), { type: "submit", class: "button button-primary", "data-testid": "send-now" });
    const form = h("form", { class: "stack", novalidate: true, "data-testid": "send-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
      h("fieldset", {}, h("legend", {}, i18n.t("send_where")), this.targets.element),
      this.note, h("div", { class: "row" }, this.submit, this.button(i18n.t("send_not"), { "data-testid": "send-not", onclick: () => fill(this.form) })));
    fill(this.form, form);
    await this.targets.load();
    form.querySelector("input:not([disabled])")?.focus();
  }

  async #send() {
    const { api, i18n, fill, notice, trouble, isBusy, setBusy } = this;
    if (isBusy(this.submit)) return;
    const deliver = this.targets.entries();
    if (!deliver.length || deliver.includes(null)) return fill(this.note, notice("warning", i18n.t("send_choose")));
    setBusy(this.submit, true);
    try {
      this.report = await api.post(`/reports/${this.report.id}/send`, { deliver });
      fill(this.form);
      this.#showStates();
    } catch (error) {
      const said = Object.values(error.errors ?? {}).flat();
      fill(this.note, said.length ? notice("danger", said) : trouble(error, i18n));
      setBusy(this.submit, false);
    }
  }

  #showStates() {
    const { i18n, h, fill } = this;
    const line = ({ to, state, error, ended_at: at }) => h("li", { "data-testid": `delivery-${to}`, "data-state": state },
      `${i18n.t(`to_${to}`)}: ${i18n.t(`delivery_${state}`)}`, state === "done" && at ? `, ${i18n.moment(at)}` : "", error ? `. ${error.message}` : "");
    fill(this.states, (this.report.deliveries ?? []).map(line));
    this.#follow(LOOKS);
  }

  /** Looks again while something is on its way and this is still on the page. */
  #follow(left) {
    clearTimeout(this.timer);
    const open = (this.report.deliveries ?? []).some(({ state, error }) => (state === "waiting" || state === "sending") && !error);
    if (!open || left === 0) return;
    this.timer = setTimeout(async () => {
      if (!this.element.isConnected) return;
      try {
        this.report = await this.api.get(`/reports/${this.report.id}`);
        this.#showStates();
      } catch {
        this.#follow(left - 1);
      }
    }, LOOK);
  }
}

globalThis.onDemand = { ...globalThis.onDemand, Sending };
