/** The self-check: what was looked at, and what to do about it. */

import { byId, fill, h } from "./dom.js";
import { notice, trouble } from "./notice.js";

export class SelfCheck {
  constructor({ api, i18n }) {
    Object.assign(this, { api, i18n });
    this.root = byId("self-check");
    byId("check-again").addEventListener("click", () => this.load());
  }

  async load() {
    const { i18n } = this;
    fill(this.root, h("p", { class: "soft" }, i18n.t("checking")));
    try {
      const { checks } = await this.api.get("/self-check");
      const failed = checks.filter((check) => !check.ok);
      fill(this.root, failed.length ? notice("warning", i18n.count("checks_failed", failed.length)) : notice("success", i18n.t("checks_passed")),
        h("ul", { class: "steps" }, checks.map((check) => this.#check(check))));
    } catch (error) {
      fill(this.root, trouble(error, i18n, () => this.load()));
    }
  }

  #check({ code, ok, title, advice, link }) {
    return h("li", { class: ok ? "ok" : "failed", "data-code": code },
      h("span", { class: "mark", "aria-hidden": "true" }, ok ? "✓" : "!"),
      h("span", {}, title, h("span", { class: ok && "unseen" }, ` — ${this.i18n.t(ok ? "check_ok" : "check_failed")}`)),
      advice ? h("span", { class: "sub" }, advice, link && " ", link && h("a", { href: link.url, target: "_blank", rel: "noopener" }, link.title)) : null);
  }
}
