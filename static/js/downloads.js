/** Plain download links; a signed address that may have lapsed is asked for anew just before the click. */

import { h } from "./dom.js";

const FRESH = 5 * 60 * 1000;
const TITLES = { xlsx: "download_excel", csv: "download_csv" };

/** The links of a finished report as a row of buttons. */
export function downloads(report, { api, i18n }) {
  const links = linksOf(report).map((file, index) => h("a", {
    class: index === 0 ? "button button-primary" : "button", href: file.url, download: true,
    "data-testid": `download-${file.format}`, onclick: refresher(report, file.format, api),
  }, i18n.t(TITLES[file.format] ?? "download_excel"), file.size ? h("span", { class: "small" }, i18n.size(file.size)) : null));
  return h("div", { class: "row" }, links);
}

/** The same links, small, for a row of the history. */
export function smallDownloads(report, { api, i18n }) {
  return linksOf(report).map((file) => h("a", {
    href: file.url, download: true, "data-testid": `history-download-${file.format}`, onclick: refresher(report, file.format, api),
    "aria-label": `${i18n.t(TITLES[file.format] ?? "download_excel")}: ${i18n.range(report.params.date_from, report.params.date_to)}`,
  }, i18n.t(`format_${file.format}`)));
}

export function linksOf(report) {
  if (report.downloads?.length) return report.downloads;
  return report.download_url ? [{ format: "xlsx", size: null, url: report.download_url }] : [];
}

/** The listener that lets a fresh link through and renews an old one first. */
function refresher(report, format, api) {
  let asked = Date.now();
  return async (event) => {
    const link = event.currentTarget;
    if (Date.now() - asked < FRESH) return;
    event.preventDefault();
    const now = await api.get(`/reports/${report.id}`);
    asked = Date.now();
    link.href = linksOf(now).find((file) => file.format === format)?.url ?? link.href;
    link.click();
  };
}
