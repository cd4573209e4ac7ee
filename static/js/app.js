/** The page: makes the parts, joins them, decides nothing that belongs to a part. */

import { Api, newKey } from "./api.js";
import { byId, fill, h, isBusy, jsonOf, setBusy } from "./dom.js";
import { choiceOf, ReportForm } from "./form.js";
import { Frame } from "./frame.js";
import { History } from "./history.js";
import { journalTable } from "./journal.js";
import { isAbort, notice, trouble } from "./notice.js";
import { showCompany } from "./company.js";
import { Preview } from "./preview.js";
import { isUnderWay } from "./progress.js";
import { ReportCard } from "./report-card.js";
import { SavedSets } from "./saved-sets.js";
import { SelfCheck } from "./self-check.js";
import { renewer } from "./session.js";
import { SettingsForm } from "./settings.js";
import { Tabs } from "./tabs.js";
import { Words } from "./words.js";

class Page {
  constructor(config) {
    this.config = config;
    this.placement = config.placement ?? {};
    this.words = new Words({ lang: config.lang, ...jsonOf("messages") });
    this.frame = new Frame(byId("bx24-js"), config.portal);
    this.api = new Api({
      base: config.api, lang: config.lang, token: document.querySelector('meta[name="session-token"]').content,
      renew: renewer(config, this.frame), onWait: (seconds) => this.#tellConnection(seconds),
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
    const { api, words, frame } = this;
    const again = (report) => this.#repeat(report);
    this.card = new ReportCard({ api, words, frame, onEnd: () => this.history.load(), onRepeat: again });
    this.history = new History({ api, words, onRepeat: again, onDelete: (id) => this.card.forget(id), onStart: () => this.tabs.open("report") });
    const onOpen = { history: () => this.history.load() };
    if (this.config.user.is_admin) {
      const settings = new SettingsForm({ api, words, frame, onSaved: (saved) => this.#takeOver(saved) });
      const journal = journalTable({ api, words });
      const check = new SelfCheck({ api, words });
      Object.assign(onOpen, { settings: () => settings.load(), journal: () => journal.load(), "self-check": () => check.load() });
    }
    this.tabs = new Tabs(document.querySelector('[role="tablist"]'), onOpen);
  }

  /** Who asks, what the portal has, what its settings say: without them there is no form. */
  async #loadForm() {
    const { api, words } = this;
    fill(byId("form-loading"), h("p", { class: "soft" }, words.t("loading")));
    try {
      const [me, settings, options] = await Promise.all([api.get("/me"), api.get("/settings"), api.get("/options")]);
      fill(byId("form-loading"));
      this.me = me;
      this.form = new ReportForm({ words, today: me.today, placement: this.placement });
      this.form.offer(options, settings);
      this.form.set(me.last_choice ?? {});
      this.#joinForm();
      byId("form-fields").hidden = false;
      this.#findCompany();
    } catch (error) {
      fill(byId("form-loading"), trouble(error, words, () => this.#loadForm()));
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
      fill(byId("form-note"), trouble(error, this.words));
    }
  }

  #joinForm() {
    const { api, words, form } = this;
    this.preview = new Preview({ root: byId("preview"), api, words, form });
    this.sets = new SavedSets({ api, words, form, isAdmin: this.config.user.is_admin, onChoose: () => this.preview.soon() });
    this.sets.load();
    byId("form").addEventListener("change", () => { form.showErrors({}); this.preview.soon(); });
    byId("form").addEventListener("submit", (event) => { event.preventDefault(); this.#build(form.body()); });
    if (this.me.may_build === false) this.#forbidBuilding();
    else this.preview.soon();
  }

  #forbidBuilding() {
    setBusy(byId("build"), true);
    fill(byId("form-note"), notice("info", this.words.t("may_not_build")));
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
    const { words } = this;
    if (error.status !== 422) return fill(byId("form-note"), trouble(error, words, () => this.#build(body)));
    const others = this.form.showErrors(error.errors);
    fill(byId("form-note"), notice("danger", words.t("form_wrong"), others));
  }

  /** The same conditions once more, put into the form so that they can be seen. */
  #repeat(report) {
    if (!this.form) return;
    this.tabs.open("report");
    this.form.set(choiceOf(report.params, this.me.today));
    this.preview.soon();
    const { company_id, invoice_id, ...rest } = this.form.body();
    const { params } = report;
    this.#build({ ...rest, company_id: params.company_id ?? null, invoice_id: params.invoice_id ?? null, date_from: params.date_from, date_to: params.date_to });
  }

  #takeOver(settings) {
    this.form?.offer(this.form.options, settings);
    this.form?.set(this.form.choice());
  }

  #tellConnection(seconds) {
    const { words } = this;
    fill(byId("connection"), seconds ? notice("warning", words.count("connection_lost", Math.ceil(seconds))) : null);
  }
}

new Page(jsonOf("config")).start();
