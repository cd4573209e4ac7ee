/** The audit log as administrators see it: narrowed by person, kind and days, and as a file. */

import { list } from "./choices.js";
import { byId, fill, h, isBusy, setBusy } from "./dom.js";
import { trouble } from "./notice.js";
import { cell, PagedTable } from "./paging.js";

const PATH = "/journal";
const FILTERS = { user: "journal-user", kind: "journal-kind", from: "journal-from", to: "journal-to" };

export class Journal {
  constructor({ api, i18n }) {
    Object.assign(this, { api, i18n });
    const columns = ["col_when", "col_who", "col_what"].map((key) => i18n.t(key));
    const empty = () => h("div", { class: "empty" }, h("p", {}, i18n.t(this.#query() ? "journal_none" : "journal_empty")));
    this.table = new PagedTable({ root: byId("journal"), api, i18n, path: PATH, columns, row: (item) => this.#row(item, columns), empty,
      label: i18n.t("journal_label"), onPage: ({ people }) => this.#offer(people) });
    byId("journal-filter").addEventListener("change", () => this.load());
    byId("journal-filter").addEventListener("submit", (event) => event.preventDefault());
    byId("journal-csv").addEventListener("click", (event) => this.#save(event.currentTarget));
  }

  load() {
    const query = this.#query();
    this.table.path = query ? `${PATH}?${query}` : PATH;
    return this.table.load();
  }

  #query() {
    const chosen = Object.entries(FILTERS).map(([name, id]) => [name, byId(id).value]).filter(([, value]) => value);
    return new URLSearchParams(chosen).toString();
  }

  #offer(people) {
    if (people) list(FILTERS.user, [["", this.i18n.t("journal_everybody")], ...people.map(({ id, name }) => [id, name])]);
  }

  #row(item, columns) {
    const { i18n } = this;
    return h("tr", { "data-testid": "journal-row" },
      cell(columns[0], h("span", { class: "nowrap" }, i18n.moment(item.at))),
      cell(columns[1], item.user?.name || i18n.t(item.user?.id < 0 ? "journal_forgotten" : "journal_nobody")),
      cell(columns[2], item.title, details(item, i18n)));
  }

  /** The file comes as text: its address alone opens nothing. */
  async #save(button) {
    if (isBusy(button)) return;
    setBusy(button, true);
    fill(byId("journal-note"));
    try {
      const query = this.#query();
      const text = await this.api.get(`${PATH}.csv${query && `?${query}`}`);
      const href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
      h("a", { href, download: "journal.csv" }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    } catch (error) {
      fill(byId("journal-note"), trouble(error, this.i18n));
    } finally {
      setBusy(button, false);
    }
  }
}

/** The period of the report where there is one, what the server says in words, plain values by name. */
function details({ details: values, words = [] }, i18n) {
  const { date_from, date_to, as_of, fields, ...rest } = values ?? {};
  const parts = as_of || (date_from && date_to) ? [i18n.span({ date_from, date_to, as_of })] : [];
  parts.push(...words);
  for (const [key, value] of Object.entries(rest)) {
    if (["string", "number"].includes(typeof value)) parts.push(`${i18n.has(`detail_${key}`) ? i18n.t(`detail_${key}`) : key}: ${value}`);
  }
  return parts.length ? h("span", { class: "sub" }, parts.join(" · ")) : null;
}
