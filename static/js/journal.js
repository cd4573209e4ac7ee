/** The journal of the portal, for administrators. */

import { byId, h } from "./dom.js";
import { cell, PagedTable } from "./paging.js";

/** The table of `{at, user, action, report_id, details}`. */
export function journalTable({ api, words }) {
  const columns = ["col_when", "col_who", "col_what"].map((key) => words.t(key));
  const action = (item) => (words.has(`journal_${item.action}`) ? words.t(`journal_${item.action}`) : item.action);
  const row = (item) => h("tr", { "data-testid": "journal-row" },
    cell(columns[0], h("span", { class: "nowrap" }, words.moment(item.at))),
    cell(columns[1], item.user?.name || words.t("journal_nobody")),
    cell(columns[2], action(item), details(item, words)));
  const empty = () => h("div", { class: "empty" }, h("p", {}, words.t("journal_empty")));
  return new PagedTable({ root: byId("journal"), api, words, path: "/journal", columns, row, empty, label: words.t("journal_label") });
}

/** The period of the report where there is one, else plain values by name. */
function details({ details: values }, words) {
  if (!values) return null;
  const { date_from, date_to, ...rest } = values;
  const parts = date_from && date_to ? [words.range(date_from, date_to)] : [];
  for (const [key, value] of Object.entries(rest)) {
    if (["string", "number"].includes(typeof value)) parts.push(`${words.has(`detail_${key}`) ? words.t(`detail_${key}`) : key}: ${value}`);
  }
  return parts.length ? h("span", { class: "sub" }, parts.join(" · ")) : null;
}
