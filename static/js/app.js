/** The page: makes the parts, joins them, decides nothing that belongs to a part. */

import { journalTable, SelfCheck, SettingsForm } from "./administration.js";
import { Probe } from "./probe.js";
import { Api, isLost, newKey, renewer } from "./api.js";
import { showCompany } from "./company.js";
import { byId, fill, h, isBusy, jsonOf, setBusy, Tabs } from "./dom.js";
import { choiceOf, Estimate, ReportForm } from "./form.js";
import { Frame } from "./frame.js";
import { History } from "./history.js";
import { I18n } from "./i18n.js";
import { goneFields, isAbort, notice, trouble } from "./notice.js";
import { isUnderWay, ReportCard } from "./report-card.js";
import { SavedSets } from "./saved-sets.js";

class Page {
  constructor(config) {
    this.config = config;
    this.placement = config.placement ?? {};
    this.i18n = new I18n({ lang: config.lang, ...jsonOf("messages") });
    this.frame = new Frame(byId("bx24-js"), config.portal);
    this.api = new Api({
      base: config.api, lang: config.lang, token: document.querySelector('meta[name="session-token"]').content,
      renew: renewer(config, this.frame), onWait: (wait) => this.#tellConnection(wait),
    });
  }

  /** The parts ask for what they need at once, and each shows its own trouble. */
  async start() {
    this.frame.follow(byId("page"));
    this.#makeTabs();
    const { company_id, invoice_id } = this.placement;
    if (company_id && !invoice_id) showCompany(company_id, this);
    this.history.load().then((reports) => this.#showNewest(reports));
    await this.#loadForm();
  }

  #makeTabs() {
    const { api, i18n, frame } = this;
    const again = (report) => this.#repeat(report);
    this.card = new ReportCard({ api, i18n, frame, onEnd: () => this.history.load(), onRepeat: again });
    this.history = new History({ api, i18n, onRepeat: again, onDelete: (id) => this.card.forget(id), onStart: () => this.tabs.open("report") });
    const onOpen = { history: () => this.history.load() };
    if (this.config.user.is_admin) {
      const settings = new SettingsForm({ api, i18n, frame, onSaved: (saved) => this.#takeOver(saved) });
      const journal = journalTable({ api, i18n });
      const check = new SelfCheck({ api, i18n });
      new Probe({ api, i18n });
      Object.assign(onOpen, { settings: () => settings.load(), journal: () => journal.load(), "self-check": () => check.load() });
    }
    this.tabs = new Tabs(document.querySelector('[role="tablist"]'), onOpen);
  }

  /** Who asks, what the portal has, what its settings say: without them there is no form. */
  async #loadForm() {
    const { api, i18n } = this;
    fill(byId("form-loading"), h("p", { class: "soft" }, i18n.t("loading")));
    try {
      const [me, settings, options] = await Promise.all([api.get("/me"), api.get("/settings"), api.get("/options")]);
      fill(byId("form-loading"));
      this.me = me;
      this.form = new ReportForm({ i18n, today: me.today, placement: this.placement });
      this.form.offer(options, settings);
      fill(byId("form-gone"), goneFields(options.gone_fields, i18n));
      this.form.set(me.last_choice ?? {});
      this.#joinForm();
      byId("form-fields").hidden = false;
      this.#findCompany();
    } catch (error) {
      fill(byId("form-loading"), trouble(error, i18n, () => this.#loadForm()));
    }
  }

  /** In an invoice's card its company is offered too; without it the invoice is. */
  async #findCompany() {
    const { invoice_id } = this.placement;
    if (!invoice_id) return;
    try {
      const { company_id } = await this.api.get(`/invoices/${invoice_id}`);
      if (!company_id) return;
      this.placement = { ...this.placement, company_id };
      this.form.offerCompany(company_id);
    } catch (error) {
      fill(byId("form-note"), trouble(error, this.i18n, () => { fill(byId("form-note")); this.#findCompany(); }));
    }
  }

  #joinForm() {
    const { api, i18n, form } = this;
    this.estimate = new Estimate({ root: byId("estimate"), api, i18n, form });
    this.sets = new SavedSets({ api, i18n, form, isAdmin: this.config.user.is_admin, onChoose: () => this.estimate.soon() });
    this.sets.load();
    byId("form").addEventListener("change", () => { form.showErrors({}); this.estimate.soon(); });
    byId("form").addEventListener("submit", (event) => { event.preventDefault(); this.#build(form.body()); });
    if (this.me.may_build === false) this.#forbidBuilding();
    else this.estimate.soon();
  }

  #forbidBuilding() {
    setBusy(byId("build"), true);
    fill(byId("form-note"), notice("info", this.i18n.t("may_not_build")));
  }

  /** After a reload, or when the page opens again: the newest report of this place is here. */
  #showNewest(reports) {
    if (this.card.report) return;
    const { company_id, invoice_id } = this.placement;
    const here = ({ params }) => (invoice_id ? params.invoice_id === invoice_id || params.company_id === company_id : !company_id || params.company_id === company_id);
    const newest = reports.find((report) => isUnderWay(report) && here(report)) ?? reports.find(here);
    if (newest) this.card.show(newest);
    else this.card.showEmpty(reports.length ? null : byId("places").content.cloneNode(true));
  }

  /** One click is one report: the key is kept until the server has answered, however often the line breaks. */
  async #build(body) {
    const build = byId("build");
    if (isBusy(build)) return;
    const mistakes = this.form.mistakes();
    this.form.showErrors(mistakes);
    if (Object.keys(mistakes).length) return;
    setBusy(build, true);
    fill(byId("form-note"));
    try {
      const report = await this.api.post("/reports", body, { headers: { "Idempotency-Key": this.#keyFor(body) }, tries: 5 });
      this.attempt = null;
      this.card.show(report);
      this.frame.show(byId("result"));
    } catch (error) {
      if (error.status < 500) this.attempt = null;
      if (!isAbort(error)) this.#refused(error, body);
    } finally {
      setBusy(build, false);
    }
  }

  #keyFor(body) {
    const wanted = JSON.stringify(body);
    if (this.attempt?.wanted !== wanted) this.attempt = { wanted, key: newKey() };
    return this.attempt.key;
  }

  #refused(error, body) {
    const { i18n } = this;
    if (error.status !== 422) return fill(byId("form-note"), trouble(error, i18n, () => this.#build(body)));
    const others = this.form.showErrors(error.errors);
    fill(byId("form-note"), notice("danger", i18n.t("form_wrong"), others));
  }

  /** The same conditions once more, put into the form so that they can be seen. */
  #repeat(report) {
    if (!this.form) return;
    this.tabs.open("report");
    this.form.set(choiceOf(report.params, this.me.today));
    this.estimate.soon();
    const { company_id, invoice_id, ...rest } = this.form.body();
    const { params } = report;
    this.#build({ ...rest, company_id: params.company_id ?? null, invoice_id: params.invoice_id ?? null, date_from: params.date_from, date_to: params.date_to });
  }

  #takeOver(settings) {
    this.form?.offer(this.form.options, settings);
    this.form?.set(this.form.choice());
    fill(byId("form-gone"));
  }

  /** `wait`: {error, seconds}; a portal that is busy is no lost connection, and the server says which it is. */
  #tellConnection(wait) {
    const { i18n } = this;
    const said = ({ error, seconds }) => (isLost(error) ? i18n.count("connection_lost", Math.ceil(seconds)) : `${error.title} ${i18n.count("trying_again", Math.ceil(seconds))}`);
    fill(byId("connection"), wait && notice("warning", said(wait)));
  }
}

new Page(jsonOf("config")).start();
