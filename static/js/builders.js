/** Who may build reports: everybody, chosen employees and departments, administrators. */

import { check, checked, list } from "./choices.js";
import { byId, fill, h, linkButton } from "./dom.js";
import { notice } from "./notice.js";

export class Builders {
  constructor({ i18n, frame }) {
    Object.assign(this, { i18n, frame });
    this.names = new Map();
    for (const radio of document.querySelectorAll('input[name="builders"]')) radio.addEventListener("change", () => this.#show());
    byId("builders-add").addEventListener("change", (event) => this.#add("users", Number(event.target.value)));
    byId("builders-pick").addEventListener("click", () => this.#pickInPortal());
    frame.ready().then((BX24) => { byId("builders-pick").hidden = !(BX24?.selectAccess || BX24?.selectUsers); });
  }

  /** `people`: [{id, name}] known to the app; `knowsDepartments`: the app may ask who works where. */
  offer(people, knowsDepartments) {
    for (const person of people) this.#name("users", person.id, person.name);
    this.people = people;
    this.knowsDepartments = knowsDepartments;
  }

  set({ mode, users = [], departments = [], names = {} }) {
    for (const [code, name] of Object.entries(names)) this.names.set(code, name);
    this.chosen = { users: [...users], departments: [...departments] };
    check("builders", mode);
    this.#show();
  }

  /** Chosen employees, and none of them. */
  isNobody() {
    return checked("builders") === "chosen" && !this.chosen.users.length && !this.chosen.departments.length;
  }

  get() {
    const codes = Object.entries(this.chosen).flatMap(([kind, ids]) => ids.map((id) => codeOf(kind, id)));
    const names = Object.fromEntries(codes.filter((code) => this.names.has(code)).map((code) => [code, this.names.get(code)]));
    return { mode: checked("builders") ?? "everybody", ...this.chosen, names };
  }

  #name(kind, id, name) {
    this.names.set(codeOf(kind, id), name);
  }

  #titleOf(kind, id) {
    return this.names.get(codeOf(kind, id)) ?? this.i18n.t(kind === "users" ? "employee_id" : "department_id", { id });
  }

  #add(kind, id) {
    if (id && !this.chosen[kind].includes(id)) this.chosen[kind].push(id);
    this.#show();
  }

  #remove(kind, id) {
    this.chosen[kind] = this.chosen[kind].filter((other) => other !== id);
    this.#show();
    byId("builders-add").focus();
  }

  #show() {
    byId("builders-chosen").hidden = checked("builders") !== "chosen";
    const left = (this.people ?? []).filter((person) => !this.chosen.users.includes(person.id));
    list("builders-add", [["", this.i18n.t("add_employee")], ...left.map((person) => [person.id, person.name])]);
    byId("builders-add").selectedIndex = 0;
    fill(byId("builders-list"), ["users", "departments"].flatMap((kind) => this.chosen[kind].map((id) => this.#chip(kind, id))));
  }

  #chip(kind, id) {
    const title = this.#titleOf(kind, id);
    return h("li", { class: "badge" }, title, " ", linkButton("×", { "aria-label": this.i18n.t("remove", { name: title }), onclick: () => this.#remove(kind, id) }));
  }

  /** The portal's own dialogue: of employees and departments, or of employees alone where departments mean nothing. */
  async #pickInPortal() {
    const BX24 = await this.frame.ready();
    if (BX24.selectAccess && this.knowsDepartments) BX24.selectAccess((picked) => this.#take(picked ?? []));
    else BX24.selectUsers((picked) => this.#take((picked ?? []).map(({ id, name }) => ({ id: `U${id}`, name }))));
  }

  /** Codes such as U12 (employee), D5 and DR5 (department); groups and the like cannot build reports, which is said. */
  #take(picked) {
    const others = [];
    for (const { id, name } of picked) {
      const [, letter, number] = /^(U|DR?)(\d+)$/.exec(id) ?? [];
      if (!number) {
        others.push(name);
        continue;
      }
      const kind = letter === "U" ? "users" : "departments";
      this.#name(kind, Number(number), name);
      this.#add(kind, Number(number));
    }
    fill(byId("builders-note"), others.length > 0 && notice("warning", this.i18n.t("builders_left_out", { names: others.join(", ") })));
    byId("builders-pick").focus();
  }
}

const codeOf = (kind, id) => (kind === "users" ? `U${id}` : `D${id}`);
