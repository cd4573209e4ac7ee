/** What a card shows above the form: what its client owes, and a company's months as a table whose rows carry two bars. */

import { button, byId, fill, h } from "./dom.js";
import { notice, trouble } from "./notice.js";
import { dueWords, oldestOf, portalLink } from "./receivables.js";

const SUMS = ["invoiced", "paid"];

const SHOWN = 10;

/** What the client of a card owes. `kind`: companies, contacts, deals. → the client, {type, id}, or null. */
export async function showDebts(kind, id, { api, i18n, frame }) {
  const body = byId("debts-body");
  byId("debts").hidden = false;
  byId("debts-title").textContent = i18n.t(`debts_of_${kind}`);
  fill(body, h("p", { class: "soft", role: "status" }, i18n.t("loading")));
  try {
    const found = await api.get(`/${kind}/${id}/debts`);
    byId("debts-when").textContent = i18n.t("debts_taken", { when: i18n.moment(found.taken_at) });
    const parts = found.receivables.length ? [found.receivables.map((total) => debtLine(total, i18n)), openInvoices(found.invoices, { i18n, frame })] : h("p", { "data-testid": "debt-none" }, i18n.t(found.client ? "debts_none" : "debts_no_client"));
    fill(body, parts, !found.complete && notice("warning", i18n.t("debts_incomplete")), found.payments_left_out && h("p", { class: "soft small" }, i18n.t("debts_without_payments")));
    return found.client;
  } catch (error) {
    fill(body, trouble(error, i18n, () => showDebts(kind, id, { api, i18n, frame })));
    return null;
  }
}

/** The three figures of a currency in one line. */
function debtLine({ currency, total, overdue, oldest_days: days, ranges }, i18n) {
  const sum = (amount) => i18n.money(amount, currency);
  const [key, last] = oldestOf(ranges);
  const late = Number(overdue) > 0 ? i18n.count("debt_late", days, { sum: sum(overdue) }) : i18n.t("company_not_overdue");
  const oldest = Number(ranges[key]) > 0 ? `, ${i18n.count("debt_later", last, { sum: sum(ranges[key]) })}` : "";
  return h("p", { "data-testid": `client-debt-${currency}` }, h("strong", {}, i18n.t("debt_line", { sum: sum(total) })), `, ${late}${oldest}`);
}

/** Open invoices, the longest overdue first; the later ones when asked for. */
function openInvoices(invoices, { i18n, frame }) {
  const name = ({ number }) => (number ? i18n.t("invoice_number", { number }) : i18n.t("invoice_nameless"));
  const row = (invoice) => h("tr", { "data-testid": "open-invoice" },
    h("th", { scope: "row" }, invoice.id ? portalLink(frame.pathOfInvoice(invoice.id), name(invoice), frame) : name(invoice), h("span", { class: invoice.days > 0 ? "sub late" : "sub" }, dueWords(invoice.days, i18n))),
    h("td", { class: "number" }, i18n.money(invoice.amount, invoice.currency)), h("td", { class: "number" }, i18n.money(invoice.outstanding, invoice.currency)));
  const head = h("tr", {}, h("th", { scope: "col" }, i18n.t("open_invoices")), h("th", { scope: "col", class: "number" }, i18n.t("invoice_sum")), h("th", { scope: "col", class: "number" }, i18n.t("invoice_left")));
  const rows = h("tbody", {}, invoices.slice(0, SHOWN).map(row));
  const more = invoices.length > SHOWN && button(i18n.t("show_more"), { "data-testid": "open-invoices-more", onclick: () => { rows.append(...invoices.slice(SHOWN).map(row)); more.remove(); rows.rows[SHOWN].querySelector("a")?.focus(); } });
  return [h("div", { class: "scroll" }, h("table", { class: "table table-tight", "data-testid": "open-invoices", "aria-label": i18n.t("open_invoices") }, h("thead", {}, head), rows)), more];
}

export async function showCompany(id, { api, i18n }) {
  const body = byId("company-body");
  byId("company").hidden = false;
  fill(body, h("p", { class: "soft", role: "status" }, i18n.t("loading")));
  try {
    const overview = await api.get(`/companies/${id}/overview`);
    fill(body, overview.months.length ? [table(overview, i18n), overview.complete === false && h("p", { class: "soft small" }, i18n.t("company_incomplete"))] : h("p", { class: "soft" }, i18n.t("company_empty", overview)));
  } catch (error) {
    fill(body, trouble(error, i18n, () => showCompany(id, { api, i18n })));
  }
}

function table({ currency, months }, i18n) {
  const highest = Math.max(...months.flatMap((month) => SUMS.map((key) => Number(month[key]))));
  const row = (month) => h("tr", {},
    h("th", { scope: "row" }, h("div", { class: "month" }, h("span", {}, i18n.month(month.month)), bars(month, highest))),
    SUMS.map((key) => h("td", { class: "number" }, i18n.money(month[key], currency))));
  const head = h("tr", {}, h("th", { scope: "col" }, i18n.t("month")), SUMS.map((key) => h("th", { scope: "col", class: `number series ${key}` }, i18n.t(key))));
  return h("table", { class: "table table-tight", "data-testid": "company-table", "aria-label": i18n.t("chart_label") }, h("thead", {}, head), h("tbody", {}, months.map(row)));
}

/** One bar a sum, for the eye alone: the figures stand beside them. The page's policy lets scripts set a width, not markup. */
function bars(month, highest) {
  const bar = (key) => {
    const drawn = h("span", { class: `bar ${key}` });
    drawn.style.width = `${Math.max(0, (100 * Number(month[key])) / highest) || 0}%`;
    return drawn;
  };
  return h("span", { class: "bars", "aria-hidden": "true", "data-testid": "bars" }, SUMS.map(bar));
}
