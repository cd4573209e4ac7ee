/** Download links. A click asks for the report first: its signed address is fresh then, and what is wrong is said here. */

import { fill, h, isBusy, setBusy } from "./dom.js";
import { notice, trouble } from "./notice.js";

/** Milliseconds in which an address still works for sure: half of what the server gives it. */
const YOUNG = 300_000;

/** The links of a finished report as a row of buttons, and one below for who gets no file from them. */
export function downloads(report, { api, i18n }) {
  const note = noteOf();
  const inTab = new TabLink(report, note, { api, i18n });
  const links = report.downloads.map((file, index) => h("a", {
    class: index === 0 ? "button button-primary" : "button", href: file.url, download: true,
    "data-testid": `download-${file.format}`, onclick: asker(report, file.format, note, { api, i18n }, (fresh) => inTab.lead(fresh)),
  }, title(file, i18n), file.size ? h("span", { class: "small" }, i18n.size(file.size)) : null));
  return [h("div", { class: "row" }, links), note, h("p", { class: "small" }, inTab.element)];
}

/** A link to the file asked for last, in a new tab: some frames and the mobile application let no download through. */
class TabLink {
  constructor(report, note, { api, i18n }) {
    Object.assign(this, { report, note, api, i18n });
    this.element = h("a", { target: "_blank", rel: "noopener", "data-testid": "download-in-tab", onclick: (event) => this.#follow(event) }, i18n.t("download_in_tab"));
    this.lead(report.downloads[0]);
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
    href: file.url, download: true, "data-testid": `history-download-${file.format}`, onclick: asker(report, file.format, note, { api, i18n }),
    "aria-label": `${title(file, i18n)}: ${i18n.range(report.params.date_from, report.params.date_to)}`,
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
