/** The company's card: what was invoiced and paid by month, as a table whose rows carry two bars. */

import { byId, fill, h } from "./dom.js";
import { trouble } from "./notice.js";

const SUMS = ["invoiced", "paid"];

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
