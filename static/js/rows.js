/** The rows of a finished report, to be looked at before the download, and two pictures of them. Loaded when somebody
 * looks; it gets all it needs from the page. */

const PAUSE = 300;
/** So many pixels above the end of the box the next rows are asked for. */
const AHEAD = 600;
const DECIMAL = /^-?\d+(\.\d+)?$/;

export class RowsView {
  /** `tools`: api, i18n, frame, and what dom.js and notice.js of the page export. */
  constructor(tools, report) {
    Object.assign(this, tools);
    const { h, i18n } = this;
    this.report = report;
    this.query = { sort: null, desc: false, q: "", problems: false };
    this.asked = 0;
    this.search = h("input", { class: "input", type: "search", autocomplete: "off", maxlength: 200, placeholder: i18n.t("rows_search"), "aria-label": i18n.t("rows_search"), "data-testid": "rows-search", oninput: () => this.#typed() });
    const problems = h("input", { type: "checkbox", "data-testid": "rows-problems", onchange: (event) => this.#change({ problems: event.target.checked }) });
    this.count = h("p", { class: "soft small", role: "status", "aria-live": "polite", "data-testid": "rows-count" });
    this.body = h("tbody", {});
    this.head = h("thead", {});
    this.foot = h("div", { class: "row" });
    this.box = h("div", { class: "rows-box", tabindex: 0, role: "region", "aria-label": i18n.t("rows_label"), "data-testid": "rows", onscroll: () => this.#scrolled() },
      h("table", { class: "table table-tight table-small", lang: report.params.lang ?? "ru", "aria-label": i18n.t("rows_label") }, this.head, this.body), this.foot);
    this.pictures = h("div", { class: "stack" });
    this.element = h("section", { class: "stack", "data-testid": "rows-view", "aria-label": i18n.t("rows_label") },
      h("div", { class: "row" }, this.search, h("label", { class: "check" }, problems, i18n.t("rows_problems"))), this.count, this.box, this.pictures);
  }

  /** Asks for the first rows and the figures of the pictures. */
  async load() {
    await Promise.all([this.#rows(0), this.#figures()]);
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#change({ q: this.search.value.trim() }), PAUSE);
  }

  #change(query) {
    this.query = { ...this.query, ...query };
    return this.#rows(0);
  }

  /** The rows from `offset` on; from 0 they take the place of those that are shown. */
  async #rows(offset) {
    const { api, i18n, fill, h, trouble } = this;
    const asked = ++this.asked;
    const { sort, desc, q, problems } = this.query;
    const query = new URLSearchParams({ offset, desc, problems, ...(sort && { sort }), ...(q && { q }) });
    try {
      const page = await api.get(`/reports/${this.report.id}/rows?${query}`);
      if (asked !== this.asked) return;
      if (offset === 0) this.#begin(page.columns);
      this.next = page.next;
      this.body.append(...page.rows.map((row) => this.#row(row, page.columns)));
      if (page.sums) this.count.textContent = page.total ? [i18n.count("invoices", page.total), ...this.#sums(page.sums)].join(" · ") : i18n.t("rows_none");
      fill(this.foot, page.next !== null && this.button(i18n.t("show_more"), { "data-testid": "rows-more", onclick: () => this.#more() }));
    } catch (error) {
      if (asked === this.asked) fill(this.foot, h("div", {}, trouble(error, i18n, () => this.#rows(offset))));
    }
  }

  #sums(sums) {
    const { i18n } = this;
    return sums.filter(({ currency }) => currency).map(({ currency, amount, paid }) => i18n.t("rows_sum", { amount: i18n.money(amount, currency), paid: i18n.money(paid, currency) }));
  }

  #begin(columns) {
    const { h, fill } = this;
    const { sort, desc } = this.query;
    const focused = document.activeElement?.dataset?.sort;
    const state = (code) => (code === sort ? (desc ? "descending" : "ascending") : null);
    const title = (column) => h("th", { scope: "col", class: column.type === "number" ? "number" : null, "aria-sort": state(column.code) },
      h("button", { type: "button", class: "link rows-sort", "data-sort": column.code, "data-testid": `sort-${column.code}`, onclick: () => this.#change({ sort: column.code, desc: column.code === sort && !desc }) },
        column.title, h("span", { "aria-hidden": "true" }, column.code === sort ? (desc ? " ↓" : " ↑") : "")));
    fill(this.head, h("tr", {}, columns.map(title)));
    fill(this.body);
    this.box.scrollTop = 0;
    if (focused) this.head.querySelector(`[data-sort="${focused}"]`)?.focus({ preventScroll: true });
  }

  #row(row, columns) {
    const { h } = this;
    const marks = [row.unpaid && h("span", { class: "sub" }, this.i18n.t("rows_unpaid")), row.problems > 0 && h("span", { class: "sub" }, `⚠ ${this.i18n.count("problems", row.problems)}`)];
    const cells = columns.map((column, place) => {
      const text = this.#text(row.values[place], column.type);
      const shown = place === 0 && row.invoice_id && !this.report.params.sample ? this.#link(row.invoice_id, text) : text;
      return h(place === 0 ? "th" : "td", { scope: place === 0 ? "row" : null, class: column.type === "number" ? "number" : null }, shown, place === 0 && marks);
    });
    return h("tr", { class: row.unpaid ? "unpaid" : null, "data-testid": "row", "data-id": row.invoice_id }, cells);
  }

  #link(id, text) {
    const path = this.frame.pathOfInvoice(id);
    return this.h("a", { href: this.frame.url(path), target: "_blank", rel: "noopener", onclick: this.frame.inSlider(path) }, text || `ID ${id}`);
  }

  #text(value, type) {
    if (value === null || value === undefined) return "";
    const { locale } = this.i18n;
    if (type === "date" && /^\d{4}-\d{2}-\d{2}$/.test(value)) return new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" }).format(new Date(`${value}T12:00:00Z`));
    if (type !== "number" || typeof value === "number" || !DECIMAL.test(value)) return String(value);
    return new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 6 }).format(value);
  }

  #scrolled() {
    if (this.box.scrollTop + this.box.clientHeight + AHEAD >= this.box.scrollHeight) this.#more();
  }

  async #more() {
    const offset = this.next;
    if (offset === null || offset === undefined || this.reading === offset) return;
    this.reading = offset;
    await this.#rows(offset);
    this.reading = null;
  }

  async #figures() {
    const { api, fill } = this;
    try {
      const { currencies } = await api.get(`/reports/${this.report.id}/figures`);
      fill(this.pictures, currencies.map((each) => [this.#months(each), this.#largest(each)]));
    } catch (error) {
      fill(this.pictures, this.trouble(error, this.i18n, () => this.#figures()));
    }
  }

  /** Two bars a month, beside the figures that they show. */
  #months({ currency, months }) {
    const { i18n, h } = this;
    const most = Math.max(...months.flatMap(({ amount, paid }) => [Number(amount), Number(paid)]));
    const row = ({ month, amount, paid }) => h("tr", {}, h("th", { scope: "row" }, h("div", { class: "month" }, h("span", {}, month ? i18n.month(month) : i18n.t("rows_no_date")), this.#bars({ invoiced: amount, paid }, most))),
      h("td", { class: "number" }, i18n.money(amount, currency)), h("td", { class: "number" }, i18n.money(paid, currency)));
    return this.#table("chart_label", "months", currency, "month", ["invoiced", "paid"], months.map(row));
  }

  #largest({ currency, counterparties }) {
    const { i18n, h } = this;
    const most = Math.max(...counterparties.map(({ amount }) => Number(amount)));
    const row = ({ name, amount }) => h("tr", {}, h("th", { scope: "row" }, h("div", { class: "month named" }, name ? h("span", {}, name) : h("span", {}, i18n.t("rows_nobody")), this.#bars({ invoiced: amount }, most))),
      h("td", { class: "number" }, i18n.money(amount, currency)));
    return this.#table("rows_largest", "largest", currency, "rows_counterparty", ["invoiced"], counterparties.map(row));
  }

  #bars(sums, most) {
    const bar = ([kind, amount]) => {
      const drawn = this.h("span", { class: `bar ${kind}` });
      drawn.style.width = `${most > 0 ? (100 * Math.max(0, Number(amount))) / most : 0}%`;
      return drawn;
    };
    return this.h("div", { class: "bars", "aria-hidden": "true" }, Object.entries(sums).map(bar));
  }

  #table(title, name, currency, first, sums, rows) {
    const { i18n, h } = this;
    const head = h("tr", {}, h("th", { scope: "col" }, i18n.t(first)), sums.map((each) => h("th", { scope: "col", class: `number series ${each}` }, i18n.t(each))));
    return h("div", { "data-testid": `${name}-${currency}` }, h("p", {}, h("strong", {}, i18n.t(title)), currency && ` · ${currency}`),
      h("div", { class: "scroll" }, h("table", { class: "table table-tight", "aria-label": [i18n.t(title), currency].filter(Boolean).join(", ") }, h("thead", {}, head), h("tbody", {}, rows))));
  }
}

globalThis.onDemand = { ...globalThis.onDemand, RowsView };
