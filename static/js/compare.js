/** A register compared with an earlier one: which one, and what has changed. Loaded when wanted; it gets all it needs from the page. */

/** How far back in the history, in pages. */
const PAGES = 5;

const conditions = ({ compare_with: _, set_name: _name, ...params }) => JSON.stringify(Object.entries(params).sort(([one], [other]) => (one < other ? -1 : 1)));
const isRegister = ({ status, params }) => status === "done" && !params.as_of && !params.sample;
/** Words of two languages differ where nothing does: such reports are not compared. */
const speakAlike = (one, other) => (one.params.lang ?? "ru") === (other.params.lang ?? "ru");

/** The form that asks which earlier report the same one, built anew, is compared with. */
export class Comparing {
  /** `tools`: api, i18n, and what dom.js and notice.js of the page export. `onCompare(id)`: it was chosen. */
  constructor(tools, report, onCompare) {
    Object.assign(this, tools, { report, onCompare });
    this.element = this.h("div", { "data-testid": "comparing" });
  }

  /** Opens the form and moves the focus to it: the latest earlier report of the same conditions is offered, else of the same set, else this one. */
  async open() {
    const { h, fill, i18n } = this;
    fill(this.element, h("p", { class: "soft", role: "status" }, i18n.t("loading")));
    try {
      this.#show(await this.#registers());
    } catch (error) {
      fill(this.element, this.trouble(error, i18n, () => this.open()));
    }
  }

  #show(registers) {
    const { h, fill, button, i18n, report } = this;
    const same = conditions(report.params);
    const earlier = registers.filter((each) => each.created_at < report.created_at);
    const ofSameSet = ({ params }) => params.set_name && params.set_name === report.params.set_name;
    const offered = earlier.find((each) => conditions(each.params) === same) ?? earlier.find(ofSameSet) ?? report;
    const option = (each) => h("option", { value: each.id, selected: each.id === offered.id },
      [i18n.moment(each.finished_at), i18n.span(each.params), ...(each.filters ?? []), each.id === report.id && i18n.t("compare_this")].filter(Boolean).join(" · "));
    const choice = h("select", { class: "input", id: "compare-with", "data-testid": "compare-with" }, registers.map(option));
    fill(this.element, h("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); this.onCompare(choice.value); } },
      h("div", { class: "field" }, h("label", { class: "label", for: "compare-with" }, i18n.t("compare_with")), choice),
      h("div", { class: "row" }, button(i18n.t("compare_now"), { type: "submit", class: "button button-primary", "data-testid": "compare-now" }),
        button(i18n.t("compare_not"), { "data-testid": "compare-not", onclick: () => fill(this.element) }))));
    choice.focus();
  }

  async #registers() {
    const found = new Map([[this.report.id, this.report]]);
    let path = "/reports";
    for (let page = 0; path && page < PAGES; page += 1) {
      const { items, next } = await this.api.get(path);
      for (const each of items.filter((item) => isRegister(item) && speakAlike(item, this.report))) found.set(each.id, each);
      path = next;
    }
    return [...found.values()].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  }
}

/** The sums before and after, and the first lines of what has changed. */
export function changeLines({ totals, first, added, gone, changed, not_compared }, { h, i18n, frame, lang }) {
  const sums = ({ currency, was, now, difference }) => h("p", { "data-testid": `changes-${currency}` },
    i18n.t("changes_sums", { was: i18n.money(was, currency), now: i18n.money(now, currency), difference: `${Number(difference) > 0 ? "+" : ""}${i18n.money(difference, currency)}` }));
  const value = (stored, { type, currency }) => {
    if (stored === null || stored === undefined || stored === "") return "—";
    if (type === "date" && /^\d{4}-\d\d-\d\d$/.test(stored)) return i18n.date(stored);
    return type === "money" && /^-?\d+(\.\d+)?$/.test(stored) ? i18n.money(stored, currency) : String(stored);
  };
  const differs = (line) => (line.what === "changed" ? [`${line.field}: ${value(line.was, line)} → ${value(line.now, line)}`] : [value(line.what === "added" ? line.now : line.was, line)]);
  const invoice = ({ invoice_id: id, number }) => h("a", { href: frame.url(frame.pathOfInvoice(id)), target: "_blank", rel: "noopener", onclick: frame.inSlider(frame.pathOfInvoice(id)) }, i18n.t("invoice_number", { number }));
  const row = (line) => h("li", { "data-testid": `change-${line.what}` }, invoice(line), ` · ${i18n.t(`change_${line.what}`)} · `,
    h("span", { lang }, [line.counterparty, ...differs(line)].filter(Boolean).join(" · ")));
  const shown = new Set(first.map(({ what, invoice_id: id }) => `${what} ${id}`)).size;
  const isCut = shown < added + gone + changed || first.length >= 20;
  return [totals.map(sums), first.length > 0 && h("ul", { class: "points" }, first.map(row)),
    isCut && h("p", { class: "small" }, i18n.t("changes_rest")),
    not_compared.length > 0 && h("p", { class: "small" }, `${i18n.t("changes_not_compared")} `, h("span", { lang }, not_compared.join(", ")))];
}

globalThis.onDemand = { ...globalThis.onDemand, Comparing, changeLines };
