/** Plain download links; a signed address that may have lapsed is asked for anew just before the click. */

import { h } from "./dom.js";

const FRESH = 5 * 60 * 1000;

/** The links of a finished report as a row of buttons. */
export function downloads(report, { api, i18n }) {
  const links = report.downloads.map((file, index) => h("a", {
    class: index === 0 ? "button button-primary" : "button", href: file.url, download: true,
    "data-testid": `download-${file.format}`, onclick: refresher(report, file.format, api),
  }, title(file, i18n), file.size ? h("span", { class: "small" }, i18n.size(file.size)) : null));
  return h("div", { class: "row" }, links);
}

/** The same links, small, for a row of the history. */
export function smallDownloads(report, { api, i18n }) {
  return report.downloads.map((file) => h("a", {
    href: file.url, download: true, "data-testid": `history-download-${file.format}`, onclick: refresher(report, file.format, api),
    "aria-label": `${title(file, i18n)}: ${i18n.range(report.params.date_from, report.params.date_to)}`,
  }, label(file, i18n)));
}

const label = (file, i18n) => i18n.t(`format_${file.format}`);
const title = (file, i18n) => i18n.t("download_as", { format: label(file, i18n) });

/** The listener that lets a fresh link through and renews an old one first. */
function refresher(report, format, api) {
  let asked = Date.now();
  return async (event) => {
    const link = event.currentTarget;
    if (Date.now() - asked < FRESH) return;
    event.preventDefault();
    const now = await api.get(`/reports/${report.id}`);
    asked = Date.now();
    link.href = now.downloads.find((file) => file.format === format)?.url ?? link.href;
    link.click();
  };
}
