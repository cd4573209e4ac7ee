/** Download links. A click asks for the report first: its signed address is fresh then, and what is wrong is said here. */

import { fill, h, isBusy, setBusy } from "./dom.js";
import { inMobileApp } from "./frame.js";
import { notice, trouble } from "./notice.js";

/** Milliseconds in which an address still works for sure: half of what the server gives it. */
const YOUNG = 300_000;

/** The links of a finished report as a row of buttons, and what to do where no file comes: the mobile application and
 * some frames let none through, a new tab has it. */
export function downloads(report, { api, i18n }) {
  const note = noteOf();
  const mobile = inMobileApp();
  const tabLink = (file, attributes, ...content) => new TabLink(report, note, { api, i18n }, file, attributes, content);
  const inTab = mobile ? null : tabLink(report.downloads[0], { "data-testid": "download-in-tab" }, i18n.t("download_in_tab"));
  const links = report.downloads.map((file, index) => {
    const content = [title(file, i18n), file.size ? h("span", { class: "small" }, i18n.size(file.size)) : null];
    const attributes = { class: index === 0 ? "button button-primary" : "button", "data-testid": `download-${file.format}` };
    if (mobile) return tabLink(file, attributes, ...content).element;
    return h("a", { ...attributes, href: file.url, download: true, onclick: asker(report, file.format, note, { api, i18n }, (fresh) => inTab.lead(fresh)) }, content);
  });
  return [h("div", { class: "row" }, links), note, h("p", { class: "small" }, mobile ? i18n.t("download_mobile") : inTab.element)];
}

/** A link to a file in a new tab. */
class TabLink {
  constructor(report, note, { api, i18n }, file, attributes, content) {
    Object.assign(this, { report, note, api, i18n });
    this.element = h("a", { ...attributes, target: "_blank", rel: "noopener", onclick: (event) => this.#follow(event) }, content);
    this.lead(file);
  }

  lead(file) {
    this.element.href = file.url;
    this.format = file.format;
    this.since = Date.now();
  }

  /** While it is young it is followed as it stands: a tab that opens only after the server's answer may be blocked. */
  #follow(event) {
    if (Date.now() - this.since < YOUNG) return;
    asker(this.report, this.format, this.note, this, (fresh) => this.lead(fresh))(event);
  }
}

/** The same links, small, for a row of the history. */
export function smallDownloads(report, { api, i18n }) {
  const note = noteOf();
  const links = report.downloads.map((file) => h("a", {
    href: file.url, ...(inMobileApp() ? { target: "_blank", rel: "noopener" } : { download: true }), "data-testid": `history-download-${file.format}`, onclick: asker(report, file.format, note, { api, i18n }),
    "aria-label": `${title(file, i18n)}: ${i18n.span(report.params)}`,
  }, label(file, i18n)));
  return [...links, note];
}

const label = (file, i18n) => i18n.t(`format_${file.format}`);
const title = (file, i18n) => i18n.t("download_as", { format: label(file, i18n) });
const noteOf = () => h("div", { role: "status", class: "note" });

/** The listener of a link: asks for the report, then presses the link once more, which lets the browser follow it.
 * `onFresh(file)`: the file as the answer has it. */
function asker(report, format, note, { api, i18n }, onFresh = () => {}) {
  let fresh = false;
  return async (event) => {
    if (fresh) return;
    event.preventDefault();
    const link = event.currentTarget;
    if (isBusy(link)) return;
    setBusy(link, true);
    fill(note);
    try {
      const { downloads: files } = await api.get(`/reports/${report.id}`);
      const file = files.find((each) => each.format === format);
      if (!file) return fill(note, notice("warning", i18n.t("report_gone")));
      link.href = file.url;
      onFresh(file);
      fresh = true;
      link.click();
    } catch (error) {
      fill(note, error.status === 404 ? notice("warning", i18n.t("report_gone")) : trouble(error, i18n, () => link.click()));
    } finally {
      fresh = false;
      setBusy(link, false);
    }
  };
}
