/** The page: makes the parts, joins them, decides nothing that belongs to a part. */

import { Api, ConnectionError, isLost, newKey, renewer } from "./api.js";
import { showCompany, showDebts } from "./company.js";
import { byId, fill, h, isBusy, jsonOf, setBusy, Tabs } from "./dom.js";
import { Estimate } from "./estimate.js";
import { ReportForm } from "./form.js";
import { Frame } from "./frame.js";
import { History } from "./history.js";
import { I18n } from "./i18n.js";
import { keepInSight } from "./in-sight.js";
import { Journal } from "./journal.js";
import { goneFields, isAbort, notice, trouble } from "./notice.js";
import { choiceOf } from "./periods.js";
import { Probe } from "./probe.js";
import { PaidQuestion, ZoneQuestion } from "./questions.js";
import { bodyOf, isOfDay } from "./receivables.js";
import { onDemand } from "./on-demand.js";
import { isUnderWay, ReportCard } from "./report-card.js";
import { SavedSets } from "./saved-sets.js";
import { SelfCheck } from "./self-check.js";
import { SettingsForm } from "./settings.js";
import { joinTheme } from "./theme.js";

class Page {
  constructor(config) {
    this.config = config;
    this.placement = config.placement ?? {};
    this.i18n = new I18n({ lang: config.lang, zone: config.portal.time_zone, ...jsonOf("messages") });
    this.#nameClock();
    this.frame = new Frame(byId("bx24-js"), config.portal);
    this.api = new Api({
      base: config.api, start: config.start, lang: config.lang, token: document.querySelector('meta[name="session-token"]').content,
      renew: renewer(config, this.frame), onWait: (wait) => this.#tellConnection(wait),
    });
  }

  /** The parts ask for what they need at once, and each shows its own trouble. */
  async start() {
    this.frame.follow(byId("page"));
    joinTheme(byId("theme"), (theme) => this.api.put("/theme", { theme }).catch((error) => console.info(error.message)));
    this.#makeTabs();
    const { company_id } = this.placement;
    this.#showClient();
    if (company_id) showCompany(company_id, this);
    for (const bar of document.querySelectorAll(".form-actions")) keepInSight(bar);
    this.history.load().then((reports) => (this.placement.report_id ? this.#showLinked(reports) : this.#showNewest(reports)));
    await this.#loadForm();
  }

  /** In the card of a client, or of a deal, what that client owes; the company of a deal is offered for a report too. */
  async #showClient() {
    const { company_id, deal_id, contact_id } = this.placement;
    const [kind, id] = company_id ? ["companies", company_id] : deal_id ? ["deals", deal_id] : ["contacts", contact_id];
    if (!id) return;
    const client = await showDebts(kind, id, this);
    if (!deal_id || client?.type !== "company") return;
    this.placement = { ...this.placement, company_id: client.id };
    this.form?.offerCompany(client.id);
  }

  #makeTabs() {
    const { api, i18n, frame } = this;
    const again = (report, changes) => this.#repeat(report, changes);
    this.card = new ReportCard({ api, i18n, frame, onEnd: () => this.history.load(), onRepeat: again, onSchedule: ({ params }) => this.#makeSchedule(params), onSample: () => this.#build({ sample: true }) });
    const onLook = (report) => { this.tabs.open("report"); this.card.look(report); };
    this.history = new History({ api, i18n, onLook, onRepeat: again, onDelete: (id) => this.card.forget(id), onStart: () => this.tabs.open("report") });
    const onOpen = { history: () => this.history.load(), schedules: () => this.#openSchedules() };
    if (this.config.user.is_admin) {
      const settings = (this.settings = new SettingsForm({ api, i18n, frame, onSaved: (saved) => { fill(byId("paid-question")); this.#takeOver(saved); } }));
      const journal = new Journal({ api, i18n });
      const check = new SelfCheck({ api, i18n });
      new Probe({ api, i18n });
      const { zone_guess: guess } = this.config;
      if (guess) new ZoneQuestion({ root: byId("zone"), api, i18n, guess, onSaved: (saved) => { settings.forget(); this.#takeOver(saved); } });
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
      this.form = new ReportForm({ i18n, api, today: me.today, placement: this.placement });
      this.form.offer(options, settings);
      fill(byId("form-gone"), goneFields(options.gone_fields, i18n), this.#noOwnCompany(options));
      this.form.set(me.last_choice ?? {});
      if (this.config.paid_guess) this.#askWhatIsPaid(options, settings);
      this.#joinForm();
      byId("form-fields").hidden = false;
      this.#findCompany();
    } catch (error) {
      fill(byId("form-loading"), trouble(error, i18n, () => this.#loadForm()));
    }
  }

  /** Without an own company invoices have no seller: where an administrator makes one. */
  #noOwnCompany({ my_companies }) {
    const { config, i18n, frame } = this;
    return config.user.is_admin && !my_companies.length && h("div", { "data-testid": "no-own-company" }, notice("info", i18n.t("no_own_company"),
      h("a", { href: frame.url("/crm/configs/mycompany/"), target: "_blank", rel: "noopener" }, i18n.t("open_own_companies"))));
  }

  /** Until an administrator has said it once; the settings that were saved meanwhile say it too. */
  #askWhatIsPaid({ date_fields }, { paid_field }) {
    this.config.paid_guess = false;
    const title = date_fields.find(({ name }) => name === paid_field)?.title ?? null;
    const onChange = () => { this.tabs.open("settings"); this.settings.showField("paid_field"); };
    new PaidQuestion({ root: byId("paid-question"), api: this.api, i18n: this.i18n, title, onChange });
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
    this.estimate = new Estimate({ root: byId("estimate"), api, i18n, form, isAdmin: this.config.user.is_admin });
    this.sets = new SavedSets({ api, i18n, form, isAdmin: this.config.user.is_admin, onChoose: () => this.estimate.soon() });
    this.sets.load();
    byId("set-schedule").addEventListener("click", () => this.#makeSchedule(form.choice()));
    byId("form").addEventListener("change", () => { form.showErrors({}); this.estimate.soon(); });
    byId("form").addEventListener("submit", (event) => { event.preventDefault(); this.#build(form.body()); });
    if (this.me.may_build === false) this.#forbidBuilding();
    else this.estimate.soon();
  }

  #forbidBuilding() {
    setBusy(byId("build"), true);
    fill(byId("form-note"), notice("info", this.i18n.t("may_not_build")));
  }

  /** The report that a link in a message leads to, for whoever built it. */
  async #showLinked(reports) {
    const { report_id: id } = this.placement;
    try {
      const report = reports.find((each) => each.id === id) ?? (await this.api.get(`/reports/${id}`));
      if (!this.card.report) this.card.show(report);
    } catch (error) {
      if (error.status === 404) this.card.showMissing();
      else this.card.showTrouble(error, () => this.#showLinked(reports));
    }
  }

  /** After a reload, or when the page opens again: the newest report of this place is here. */
  #showNewest(reports) {
    if (this.card.report) return;
    const { company_id, invoice_id, deal_id, contact_id } = this.placement;
    if (deal_id || contact_id) return this.card.showEmpty();
    const here = ({ params }) => (invoice_id ? params.invoice_id === invoice_id || params.company_id === company_id : !company_id || params.company_id === company_id);
    const newest = reports.find((report) => isUnderWay(report) && here(report)) ?? reports.find(here);
    if (newest) this.card.show(newest);
    else this.card.showEmpty(reports.length ? null : byId("places").content.cloneNode(true));
  }

  /** One click is one report: the key is kept until the server has answered, however often the line breaks. */
  async #build(body) {
    const build = byId("build");
    if (isBusy(build)) return;
    if (!body.sample) {
      const mistakes = this.form.mistakes();
      this.form.showErrors(mistakes);
      if (Object.keys(mistakes).length) return;
    }
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

  /** The list of schedules, loaded with its script when somebody wants it; null where that does not come. */
  async #openSchedules() {
    const { api, i18n, config } = this;
    try {
      const { Schedules } = await onDemand("schedules");
      this.schedules ??= new Schedules({ api, i18n, user: config.user });
      this.schedules.load();
      return this.schedules;
    } catch (error) {
      fill(byId("schedules"), trouble(new ConnectionError(error.message), i18n, () => this.#openSchedules()));
      return null;
    }
  }

  /** The form of a schedule with these conditions. */
  async #makeSchedule(params) {
    this.tabs.open("schedules");
    (await this.#openSchedules())?.make(params);
  }

  /** The same conditions once more, put into the form so that they can be seen. */
  #repeat(report, changes = {}) {
    if (!this.form) return;
    this.tabs.open("report");
    const { params } = report;
    if (params.sample) return void this.#build({ sample: true });
    this.form.set(isOfDay(params) ? params : choiceOf(params, this.me.today));
    this.estimate.soon();
    if (isOfDay(params)) return void this.#build(bodyOf(params));
    this.#build({ ...this.form.body(), company_id: params.company_id ?? null, invoice_id: params.invoice_id ?? null, date_from: params.date_from, date_to: params.date_to, ...changes });
  }

  /** One clock for all times on the page, as in the workbook. */
  #nameClock() {
    for (const place of document.querySelectorAll("[data-clock]")) place.textContent = this.i18n.t("portal_clock", { clock: this.i18n.clock() });
  }

  #takeOver(settings) {
    if (settings.time_zone !== this.i18n.zone) {
      this.i18n.tellIn(settings.time_zone);
      this.#nameClock();
      this.history.load();
    }
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
