/** The company's card: what was invoiced and paid by month, as a chart drawn on the server and as a table. */

import { byId, fill, h } from "./dom.js";
import { trouble } from "./notice.js";

const MONTH = /^\d{4}-\d\d$/;

export async function showCompany(id, { api, i18n }) {
  const body = byId("company-body");
  byId("company").hidden = false;
  fill(body, h("p", { class: "soft", role: "status" }, i18n.t("loading")));
  try {
    const [overview, chart] = await Promise.all([api.get(`/companies/${id}/overview`), api.get(`/companies/${id}/chart`, { text: true }).catch(() => null)]);
    fill(body, overview.months.length ? [figure(chart, overview, i18n), table(overview, i18n), overview.complete === false && h("p", { class: "soft small" }, i18n.t("company_incomplete"))] : h("p", { class: "soft" }, i18n.t("company_empty")));
  } catch (error) {
    fill(body, trouble(error, i18n, () => showCompany(id, { api, i18n })));
  }
}

function figure(chart, overview, i18n) {
  const drawing = chart && drawn(chart);
  if (!drawing) return null;
  for (const label of drawing.querySelectorAll("text")) if (MONTH.test(label.textContent)) label.textContent = i18n.shortMonth(label.textContent);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", i18n.t("chart_label"));
  return h("figure", { class: "chart", "data-testid": "chart" }, drawing,
    h("ul", { class: "legend" }, h("li", {}, i18n.t("invoiced")), h("li", { class: "paid" }, i18n.t("paid"))));
}

/** The drawing as a node of this page, so that its colours follow the theme; anything that could act is left out. */
function drawn(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.localName !== "svg") return null;
  for (const node of [root, ...root.querySelectorAll("*")]) {
    if (["script", "foreignObject", "style", "a", "image", "use"].includes(node.localName)) node.remove();
    for (const { name } of [...node.attributes]) if (name.startsWith("on") || name === "style") node.removeAttribute(name);
  }
  return document.importNode(root, true);
}

function table({ currency, months }, i18n) {
  const row = ({ month, invoiced, paid }) => h("tr", {}, h("th", { scope: "row" }, i18n.month(month)),
    h("td", { class: "number" }, i18n.money(invoiced, currency)), h("td", { class: "number" }, i18n.money(paid, currency)));
  const head = h("tr", {}, h("th", { scope: "col" }, i18n.t("month")), ...["invoiced", "paid"].map((key) => h("th", { scope: "col", class: "number" }, i18n.t(key))));
  return h("table", { class: "table table-tight", "data-testid": "company-table", "aria-label": i18n.t("chart_label") }, h("thead", {}, head), h("tbody", {}, months.map(row)));
}
