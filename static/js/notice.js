/** What went wrong, in words: what happened, what to do, and the code for support. */

import { ApiError, ConnectionError } from "./api.js";
import { button, h } from "./dom.js";

/** The words for an error that `api` raised; `hasButton`: a button "try again" stands beside them. */
export function messageOf(error, i18n, hasButton) {
  if (error instanceof ConnectionError) return i18n.t(hasButton ? "no_connection" : "no_connection_repeat");
  if (error instanceof ApiError && error.detail) return error.detail;
  return i18n.t("unexpected_error");
}

/** A notice of `kind` ("info", "success", "warning", "danger"); `children`: nodes and texts, one a line. */
export function notice(kind, ...children) {
  return h("div", { class: `notice notice-${kind}` }, children.flat(Infinity).filter(Boolean).map((child) => (child instanceof Node ? child : h("p", {}, child))));
}

/** What is said about chosen fields that the portal no longer has (`gone`: setting → field), null where all are there. */
export function goneFields(gone, i18n) {
  const settings = Object.keys(gone ?? {});
  return settings.length ? notice("warning", settings.map((each) => i18n.t(`gone_${each}`))) : null;
}

/** The notice about `error`, with a button that tries `again` when there is something to try. */
export function trouble(error, i18n, again = null) {
  if (!(error instanceof ApiError || error instanceof ConnectionError)) reportError(error);
  const code = error.code ? h("p", { class: "small" }, `${i18n.t("code")}: `, h("code", {}, error.code)) : null;
  return notice("danger", messageOf(error, i18n, again !== null), code, again && button(i18n.t("try_again"), { onclick: again }));
}

/** Errors that nobody waits for any more. */
export const isAbort = (error) => error?.name === "AbortError";
