/** Schedules: the list, the form, what a row does. Loaded when somebody opens the tab or makes one. */

import { button, byId, fill, h, isBusy, linkButton, setBusy } from "./dom.js";
import { notice, trouble } from "./notice.js";
import { cell, PagedTable } from "./paging.js";
import { Targets } from "./targets.js";

const REGISTER_PERIODS = ["last_month", "last_week", "yesterday", "last_quarter", "this_month", "year_to_date"];
const EVERY = ["month", "week", "day", "workday", "quarter"];
const DAYS = [...Array.from({ length: 31 }, (_, index) => String(index + 1)), "last"];
const KINDS = { done: "success", failed: "danger", cancelled: "warning" };
/** Of a report's conditions, what a schedule says otherwise. */
const OF_DAYS = new Set(["period", "date_from", "date_to", "as_of", "chosen_on"]);

const isOfReceivables = (params) => params.kind === "receivables";

/** A report's or set's conditions without days and without what is left to defaults. */
export const timeless = (params) => Object.fromEntries(Object.entries(params).filter(([key, value]) => !OF_DAYS.has(key) && value !== null && value !== undefined));

export class Schedules {
  /** `user`: {id, is_admin}. */
  constructor({ api, i18n, user }) {
    Object.assign(this, { api, i18n, user });
    this.place = byId("schedule-form");
    const columns = ["col_schedule", "col_when", ...(user.is_admin ? ["col_owner"] : []), "col_next_run", "col_last_run"].map((key) => i18n.t(key));
    this.table = new PagedTable({
      root: byId("schedules"), api, i18n, path: "/schedules", columns: [...columns, ""], label: i18n.t("schedules_label"),
      row: (schedule) => this.#row(schedule),
      empty: () => h("div", { class: "empty", "data-testid": "schedules-empty" }, h("p", {}, i18n.t("schedules_empty"))),
    });
  }

  load() {
    return this.table.load();
  }

  /** The form of a new schedule with these conditions of a report or a set. */
  make(params, name = "") {
    this.#edit({ id: null, name, params: timeless(params), period: isOfReceivables(params) ? "as_of_run" : "last_month", when: { every: "month", day: 1, time: "09:00" }, deliver: [], active: true });
  }

  #row(schedule) {
    const { i18n } = this;
    const row = h("tr", { "data-testid": "schedule-row", "data-id": schedule.id },
      h("th", { scope: "row", "data-label": i18n.t("col_schedule") }, h("div", {}, schedule.name, h("span", { class: "sub" }, this.#what(schedule)), h("span", { class: "sub" }, this.#where(schedule)))),
      cell(i18n.t("col_when"), this.#when(schedule.when)),
      this.user.is_admin && cell(i18n.t("col_owner"), schedule.owner.name),
      cell(i18n.t("col_next_run"), schedule.next_run_at ? i18n.moment(schedule.next_run_at) : h("span", { class: "badge badge-warning" }, i18n.t("schedule_paused")), schedule.paused_reason && h("span", { class: "sub", "data-testid": "paused-reason" }, schedule.paused_reason)),
      cell(i18n.t("col_last_run"), this.#lastRun(schedule.last_run)),
      h("td", { class: "actions" }));
    this.#actions(row, schedule);
    return row;
  }

  #what({ params, period }) {
    const kind = this.i18n.t(isOfReceivables(params) ? "schedule_receivables" : "schedule_register");
    return `${kind}, ${this.i18n.t(`run_${period}`)}`;
  }

  #where({ deliver }) {
    const { i18n } = this;
    return deliver.length ? deliver.map((each) => this.#target(each)).join(", ") : i18n.t("schedule_nowhere");
  }

  #target({ to, chat_id: chat, folder_id: folder }) {
    return [this.i18n.t(`to_${to}`), chat ?? folder].filter(Boolean).join(" ");
  }

  #when({ every, day, weekday, time }) {
    const { i18n } = this;
    return i18n.t(day === "last" ? `when_${every}_last` : `when_${every}`, { day, weekday: weekday && weekdayName(weekday, i18n.locale), time });
  }

  #lastRun(run) {
    const { i18n } = this;
    if (!run) return "—";
    return [h("span", { class: `badge badge-${KINDS[run.status] ?? "info"}` }, i18n.t(`badge_${run.status}`)), run.finished_at && h("span", { class: "sub" }, i18n.moment(run.finished_at))];
  }

  #actions(row, schedule) {
    const { i18n } = this;
    const action = (key, onclick, props = {}) => linkButton(i18n.t(key), { "aria-label": `${i18n.t(key)}: ${schedule.name}`, "data-testid": key.replaceAll("_", "-"), onclick, ...props });
    const mine = schedule.owner.id === this.user.id;
    fill(row.lastChild, h("div", { class: "row actions-many" },
      action("schedule_run", () => this.#run(row, schedule)),
      action(schedule.active ? "schedule_pause" : "schedule_resume", () => this.#change(row, schedule, { ...schedule, active: !schedule.active })),
      mine && action("schedule_edit", () => this.#edit(schedule)),
      !mine && action("schedule_take_over", () => this.#change(row, schedule, { owner: "me" })),
      action("delete", () => this.#ask(row, schedule), { class: "link link-danger", "data-testid": "schedule-delete" })));
  }

  /** The row as it is now; the focus goes to the button that stands where the pressed one stood. */
  #replace(row, schedule, heir) {
    const fresh = this.#row(schedule);
    row.replaceWith(fresh);
    fresh.querySelector(`[data-testid="${heir}"]`).focus();
    return fresh;
  }

  async #change(row, schedule, body) {
    try {
      const changed = await this.api.put(`/schedules/${schedule.id}`, body);
      this.#replace(row, changed, body.owner === "me" ? "schedule-edit" : changed.active ? "schedule-pause" : "schedule-resume");
    } catch (error) {
      row.lastChild.append(trouble(error, this.i18n));
    }
  }

  async #run(row, schedule) {
    try {
      await this.api.post(`/schedules/${schedule.id}/run`, {});
      const fresh = this.#replace(row, await this.api.get(`/schedules/${schedule.id}`), "schedule-run");
      fresh.lastChild.append(notice("success", this.i18n.t("schedule_started")));
    } catch (error) {
      row.lastChild.append(trouble(error, this.i18n));
    }
  }

  #ask(row, schedule) {
    const { i18n } = this;
    const keep = button(i18n.t("keep"), { onclick: () => { this.#actions(row, schedule); row.querySelector('[data-testid="schedule-delete"]').focus(); } });
    const confirm = button(i18n.t("delete"), { class: "button button-danger", "data-testid": "schedule-delete-confirm", onclick: () => this.#delete(row, schedule, confirm) });
    fill(row.lastChild, h("div", { class: "row", "data-asking": true }, h("span", {}, i18n.t("schedule_delete_question")), confirm, keep));
    confirm.focus();
  }

  async #delete(row, schedule, confirm) {
    if (isBusy(confirm)) return;
    setBusy(confirm, true);
    try {
      await this.api.delete(`/schedules/${schedule.id}`);
      this.table.remove(row);
      byId("tab-schedules").focus();
    } catch (error) {
      setBusy(confirm, false);
      row.lastChild.append(trouble(error, this.i18n));
    }
  }

  #edit(schedule) {
    const { i18n } = this;
    this.edited = schedule;
    const { when } = schedule;
    const field = (id, label, control) => h("div", { class: "field" }, h("label", { class: "label", for: id }, label), control);
    const select = (id, options, value, onchange = null) => h("select", { class: "input", id, "data-testid": id, onchange }, options.map(([key, title]) => h("option", { value: key, selected: key === String(value) }, title)));
    const periods = isOfReceivables(schedule.params) ? ["as_of_run"] : REGISTER_PERIODS;
    const days = field("schedule-day", i18n.t("schedule_day"), select("schedule-day", DAYS.map((day) => [day, day === "last" ? i18n.t("schedule_last_day") : day]), when.day ?? "1"));
    const weekdays = field("schedule-weekday", i18n.t("schedule_weekday"), select("schedule-weekday", [1, 2, 3, 4, 5, 6, 7].map((day) => [String(day), weekdayName(day, i18n.locale)]), when.weekday ?? "1"));
    const every = select("schedule-every", EVERY.map((key) => [key, i18n.t(`every_${key}`)]), when.every, () => this.#showDays(days, weekdays));
    this.targets = new Targets({ api: this.api, i18n, h, fill, linkButton, notice, trouble }, "schedule");
    this.note = h("div", { role: "alert" });
    this.submit = button(i18n.t("schedule_save"), { type: "submit", class: "button button-primary", "data-testid": "schedule-save" });
    const form = h("form", { class: "card stack", novalidate: true, "data-testid": "schedule-form", onsubmit: (event) => { event.preventDefault(); this.#save(); } },
      h("h2", {}, i18n.t(schedule.id ? "schedule_change" : "schedule_new")),
      field("schedule-name", i18n.t("schedule_name"), h("input", { class: "input", id: "schedule-name", "data-testid": "schedule-name", maxlength: 200, autocomplete: "off", value: schedule.name })),
      field("schedule-period", i18n.t("schedule_period"), select("schedule-period", periods.map((key) => [key, i18n.t(`run_${key}`)]), schedule.period)),
      h("div", { class: "row" }, field("schedule-every", i18n.t("schedule_every"), every), days, weekdays,
        field("schedule-time", i18n.t("schedule_time"), h("input", { class: "input", id: "schedule-time", "data-testid": "schedule-time", type: "time", required: true, value: when.time }))),
      h("fieldset", {}, h("legend", {}, i18n.t("schedule_deliver")), this.#kept(schedule), this.targets.element),
      this.note,
      h("div", { class: "row" }, this.submit, button(i18n.t("schedule_cancel"), { "data-testid": "schedule-cancel", onclick: () => this.#close() })));
    fill(this.place, form);
    this.#showDays(days, weekdays);
    this.targets.load();
    byId("schedule-name").focus();
  }

  /** Targets that a schedule has already, each to be kept or not. */
  #kept(schedule) {
    this.keeping = schedule.deliver.map((target) => ({ target, box: h("input", { type: "checkbox", checked: true }) }));
    return this.keeping.map(({ target, box }) => h("label", { class: "check" }, box, h("span", {}, this.#target(target))));
  }

  #showDays(days, weekdays) {
    const every = this.place.querySelector("#schedule-every").value;
    days.hidden = every !== "month" && every !== "quarter";
    weekdays.hidden = every !== "week";
  }

  #body() {
    const every = byId("schedule-every").value;
    const day = byId("schedule-day").value;
    const when = { every, time: byId("schedule-time").value };
    if (every === "month" || every === "quarter") when.day = day === "last" ? day : Number(day);
    if (every === "week") when.weekday = Number(byId("schedule-weekday").value);
    const kept = this.keeping.filter(({ box }) => box.checked).map(({ target }) => target);
    const same = (one) => (other) => JSON.stringify(one) === JSON.stringify(other);
    const added = this.targets.entries().filter((entry) => entry === null || !kept.some(same(entry)));
    const { params, active } = this.edited;
    return { name: byId("schedule-name").value.trim(), params, period: byId("schedule-period").value, when, deliver: [...kept, ...added], active };
  }

  async #save() {
    const { i18n } = this;
    if (isBusy(this.submit)) return;
    const body = this.#body();
    if (!body.name) {
      fill(this.note, notice("warning", i18n.t("schedule_nameless")));
      return byId("schedule-name").focus();
    }
    if (body.deliver.includes(null)) return fill(this.note, notice("warning", i18n.t("send_choose")));
    setBusy(this.submit, true);
    try {
      await (this.edited.id ? this.api.put(`/schedules/${this.edited.id}`, body) : this.api.post("/schedules", body));
      this.#close();
      await this.load();
    } catch (error) {
      const said = [...new Set(Object.values(error.errors ?? {}).flat())];
      fill(this.note, said.length ? notice("danger", said) : trouble(error, i18n));
      setBusy(this.submit, false);
    }
  }

  #close() {
    fill(this.place);
    byId("tab-schedules").focus();
  }
}

/** 1 is Monday: the first of January 2024 was one. */
const weekdayName = (number, locale) => new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, number)));

globalThis.onDemand = { ...globalThis.onDemand, Schedules };
