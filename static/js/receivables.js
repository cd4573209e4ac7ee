/** Receivables on a day: their part of the form, and the figures of a finished report. */

import { byId, h } from "./dom.js";

export const isOfDay = (params) => Boolean(params.as_of);

/** Borders of ranges as they are typed, "30, 60, 90", and as the API has them; what is no number goes as it is, to be refused. */
export const inList = (borders) => (borders ?? []).join(", ");
export const listIn = (text) => text.split(/[\s,;]+/).filter(Boolean).map((each) => (/^\d{1,6}$/.test(each) ? Number(each) : each));

/** The fields of the day, the due date and the ranges. */
export class DayFields {
  constructor(today) {
    this.today = today;
    byId("as-of").max = today;
    this.set({});
  }

  set({ as_of, due, borders }) {
    byId("as-of").value = as_of ?? this.today;
    byId("due-from").value = due?.from ?? "due_date";
    byId("due-days").value = due?.days ?? 0;
    byId("borders").value = inList(borders);
  }

  body() {
    const due = { from: byId("due-from").value, days: Number(byId("due-days").value || 0) };
    return { kind: "receivables", as_of: byId("as-of").value, due, borders: listIn(byId("borders").value) };
  }
}

/** The same report once more: what its stored params ask for. */
export function bodyOf({ kind, as_of, due, borders, stages, company_id, mycompany_id, assigned_by_id, currency }) {
  return { kind, as_of, due, borders, stages, company_id, mycompany_id, assigned_by_id, currency };
}

/** Where a range stands: JSON has no order. */
const place = (key) => ({ not_due: 0, no_due_date: Infinity })[key] ?? parseInt(key, 10) + (key.endsWith("+") ? 1 : 0);

const titleOf = (key, i18n) => {
  if (key.endsWith("+")) return i18n.t("debt_oldest", { days: key.slice(0, -1) });
  const [first, last] = key.split("-");
  return last ? i18n.t("debt_days", { first, last }) : i18n.t(`debt_${key}`);
};

/** A finished report: figures, ranges and the largest debtors of each currency. Reports of earlier versions name none. */
export function debts({ receivables, debtors = [] }, { i18n, frame }) {
  return receivables.map((total) => h("div", { class: "stack", "data-testid": `debts-${total.currency}` }, debtFigures(total, i18n), rangeBar(total, i18n),
    debtorTable(debtors.filter(({ currency }) => currency === total.currency), { i18n, frame })));
}

/** The key and the first whole days of the range that is overdue for longest. */
export function oldestOf(ranges) {
  const key = Object.keys(ranges).find((each) => each.endsWith("+"));
  return [key, Number(key.slice(0, -1))];
}

/** Three figures: owed in all, overdue, overdue for longer than the last border. */
export function debtFigures(total, i18n) {
  const { currency, ranges } = total;
  const [oldest] = oldestOf(ranges);
  const figure = (name, label, amount) => h("div", { class: name === "total" ? "figure figure-main" : "figure" },
    h("dt", {}, label), h("dd", { "data-testid": `debt-${name}-${currency}` }, i18n.money(amount, currency)));
  return h("dl", { class: "figures" }, figure("total", i18n.t("debt_total"), total.total), figure("overdue", i18n.t("debt_overdue"), total.overdue),
    figure("oldest", titleOf(oldest, i18n), ranges[oldest]));
}

/** The ranges as one bar, for the eye alone, and as a list that says each: its name, its sum and its share. */
export function rangeBar({ currency, total, ranges }, i18n) {
  const found = Object.entries(ranges).sort(([one], [other]) => place(one) - place(other));
  const share = (amount) => (100 * Number(amount)) / Number(total) || 0;
  const kind = (key, index) => (["not_due", "no_due_date"].includes(key) ? key : `late-${Math.min(5, index)}`);
  const part = ([key, amount], index) => {
    const drawn = h("span", { class: `part range-${kind(key, index)}` });
    drawn.style.width = `${share(amount)}%`;
    return drawn;
  };
  const line = ([key, amount], index) => h("li", { "data-testid": `range-${key}` }, h("span", { class: `range-name range-${kind(key, index)}` }, titleOf(key, i18n)),
    h("span", { class: "number" }, i18n.money(amount, currency)), h("span", { class: "number soft" }, i18n.percent(share(amount))));
  return h("div", { class: "ranges" }, h("div", { class: "range-bar", "aria-hidden": "true" }, found.map(part)), h("ul", { "aria-label": i18n.t("debt_ranges") }, found.map(line)));
}

/** Who owes most, each with its card in the portal and how late the oldest debt is. */
function debtorTable(debtors, { i18n, frame }) {
  if (!debtors.length) return null;
  const row = (debtor) => h("tr", {}, h("th", { scope: "row" }, debtorName(debtor, { i18n, frame }), h("span", { class: "sub" }, debtor.oldest_days === 0 ? i18n.t("company_not_overdue") : dueWords(debtor.oldest_days, i18n))),
    h("td", { class: "number" }, i18n.money(debtor.overdue, debtor.currency)), h("td", { class: "number" }, i18n.money(debtor.total, debtor.currency)));
  const head = h("tr", {}, h("th", { scope: "col" }, i18n.t("debt_debtors")), h("th", { scope: "col", class: "number" }, i18n.t("debt_overdue")), h("th", { scope: "col", class: "number" }, i18n.t("debt_total")));
  return h("div", { class: "scroll" }, h("table", { class: "table table-tight", "data-testid": "debtors", "aria-label": i18n.t("debt_debtors") }, h("thead", {}, head), h("tbody", {}, debtors.map(row))));
}

function debtorName({ counterparty, company_id: company, contact_id: contact }, { i18n, frame }) {
  const name = counterparty ?? i18n.t("debtor_unknown");
  if (!company && !contact) return name;
  return portalLink(company ? `/crm/company/details/${company}/` : `/crm/contact/details/${contact}/`, name, frame);
}

/** A link to a card of the portal; where the portal can, it opens over the page. */
export const portalLink = (path, text, frame) => h("a", { href: frame.url(path), target: "_blank", rel: "noopener", onclick: frame.inSlider(path) }, text);

/** When an invoice is due, in words: `days` overdue, 0 on the day, below 0 before it, null without a due date. */
export function dueWords(days, i18n) {
  if (days === null || days === undefined) return i18n.t("due_never");
  if (days === 0) return i18n.t("due_today");
  return days > 0 ? i18n.count("due_late", days) : i18n.count("due_in", -days);
}
