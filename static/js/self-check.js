/** The self-check: what must hold for the application to work, and what to do where it does not. */

import { byId, fill, h } from "./dom.js";
import { notice, trouble } from "./notice.js";

export class SelfCheck {
  constructor({ api, words }) {
    Object.assign(this, { api, words });
    this.root = byId("self-check");
    byId("check-again").addEventListener("click", () => this.load());
  }

  async load() {
    const { words } = this;
    fill(this.root, h("p", { class: "soft" }, words.t("checking")));
    try {
      const { checks } = await this.api.get("/self-check");
      const failed = checks.filter((check) => !check.ok);
      fill(this.root, failed.length ? notice("warning", words.count("checks_failed", failed.length)) : notice("success", words.t("checks_passed")),
        h("ul", { class: "steps" }, checks.map((check) => this.#check(check))));
    } catch (error) {
      fill(this.root, trouble(error, words, () => this.load()));
    }
  }

  #check({ code, ok, title, advice }) {
    return h("li", { class: ok ? "ok" : "failed", "data-code": code },
      h("span", { class: "mark", "aria-hidden": "true" }, ok ? "✓" : "!"),
      h("span", {}, title, h("span", { class: ok && "unseen" }, ` — ${this.words.t(ok ? "check_ok" : "check_failed")}`)),
      advice ? h("span", { class: "sub" }, advice) : null);
  }
}
