/** Where a report may be sent: the ways, what hinders, and the pickers of chats and folders. Gets all it needs from the page. */

export class Targets {
  /** `tools`: api, i18n, and h, fill, linkButton, trouble of the page. `prefix`: of the ids of its controls. */
  constructor(tools, prefix = "send") {
    const { api, i18n, h, fill, linkButton, trouble } = tools;
    Object.assign(this, { api, i18n, h, fill, linkButton, trouble, prefix });
    this.choices = [];
    this.element = this.h("div", { class: "stack" });
  }

  async load() {
    const { api, i18n, h, fill, trouble } = this;
    fill(this.element, h("p", { class: "soft" }, i18n.t("loading")));
    try {
      const { items } = await api.get("/targets");
      this.choices = items.map((item) => this.#choice(item));
      fill(this.element, this.choices.map(({ element }) => element));
    } catch (error) {
      fill(this.element, trouble(error, i18n, () => this.load()));
    }
  }

  /** Entries of `deliver` for what is chosen; null stands for one where something is missing. */
  entries() {
    return this.choices.filter(({ box }) => box.checked).map(({ entry }) => entry());
  }

  /** A target with what belongs to it: {to, box, element, entry(): its entry of `deliver`, null where something is missing}. */
  #choice({ to, title, hint, available, reason }) {
    const { h, fill } = this;
    const hintId = `${this.prefix}-${to}-hint`;
    const box = h("input", { type: "checkbox", id: `${this.prefix}-${to}`, disabled: !available, "aria-describedby": hintId, "data-testid": `${this.prefix}-${to}` });
    const place = h("div", { class: "stack" });
    const picker = to === "chat" ? this.#chats(place) : to === "disk" ? this.#folders(place) : { show: () => {}, entry: () => ({}) };
    box.addEventListener("change", () => (box.checked ? picker.show() : fill(place)));
    const element = h("div", { class: available ? "" : "soft" }, h("label", { class: "check" }, box, h("span", {}, title)),
      h("p", { class: "hint", id: hintId, "data-testid": `${this.prefix}-${to}-hint` }, available ? hint : reason), place);
    const entry = () => { const its = picker.entry(); return its && { to, ...its }; };
    return { to, box, element, entry };
  }

  #select(id, label, items, onchange = null) {
    const { h } = this;
    const options = items.map(({ id: value, title }) => h("option", { value }, title));
    return h("select", { class: "input", id, "aria-label": label, "data-testid": id, onchange }, options);
  }

  #chats(place) {
    const { api, i18n, h, fill, trouble } = this;
    let chosen = null;
    const show = async () => {
      fill(place, h("p", { class: "soft" }, i18n.t("loading")));
      try {
        const { items } = await api.get("/targets/chats");
        chosen = this.#select(`${this.prefix}-chat-id`, i18n.t("to_chat"), items);
        fill(place, items.length ? chosen : h("p", {}, i18n.t("send_no_chats")));
      } catch (error) {
        fill(place, trouble(error, i18n, show));
      }
    };
    return { show, entry: () => (chosen?.value ? { chat_id: chosen.value } : null) };
  }

  /** Folder by folder from the storages down; the file goes into the last one chosen. */
  #folders(place) {
    const { api, i18n, h, fill, trouble, linkButton } = this;
    const path = [];
    const show = async () => {
      const parent = path.at(-1);
      try {
        const { items } = await api.get(parent ? `/targets/folders?parent=${parent.id}` : "/targets/folders");
        const choose = (event) => { path.push(items.find(({ id }) => String(id) === event.target.value)); show(); };
        const select = this.#select(`${this.prefix}-folder`, i18n.t("to_disk"), [{ id: "", title: i18n.t(parent ? "send_deeper" : "send_storage") }, ...items], choose);
        const up = linkButton(i18n.t("send_up"), { "data-testid": `${this.prefix}-up`, onclick: () => { path.pop(); show(); } });
        fill(place, parent && h("p", { "data-testid": `${this.prefix}-path` }, path.map(({ title }) => title).join(" / "), " ", up), items.length ? select : null);
      } catch (error) {
        fill(place, trouble(error, i18n, show));
      }
    };
    return { show, entry: () => (path.length ? { folder_id: path.at(-1).id } : null) };
  }
}
