/** A time zone, found by its city in Russian or English, its name, or what its clocks show ("+3"). */

import { Combobox } from "./combobox.js";
import { fill } from "./dom.js";

const MOST = 60;

export class ZoneField {
  /** `input` holds the zone's name; `note`: where its city is said. The zones are asked for when they are needed. */
  constructor({ input, list, note, api, i18n }) {
    Object.assign(this, { input, note, api });
    this.box = new Combobox({
      input, list, i18n, none: i18n.t("zone_not_found"), label: inWords, isSent: true,
      find: async (text) => fitting(await this.#zones(), text).slice(0, MOST),
      onChoose: ({ name }) => { input.value = name; this.#tell(); input.dispatchEvent(new Event("change", { bubbles: true })); },
    });
    input.addEventListener("input", () => fill(note));
    input.addEventListener("blur", () => this.#settle().catch((error) => console.info(error.message)));
  }

  /** Says which city the field's zone is. */
  async set(name) {
    this.input.value = name;
    await this.#tell();
  }

  get value() {
    return this.input.value.trim();
  }

  /** A city that was typed and not chosen is chosen when the field is left. */
  async #settle() {
    if (!this.zones) return;
    const zones = await this.#zones();
    const text = plain(this.value);
    const meant = zones.find(({ name }) => name.toLowerCase() === text) ?? zones.find(({ city, other }) => [city, other].map(plain).includes(text));
    if (meant) this.input.value = meant.name;
    await this.#tell();
  }

  async #tell() {
    const zone = (await this.#zones()).find(({ name }) => name === this.value);
    fill(this.note, zone && `${zone.city}, ${offsetOf(zone)}`);
  }

  #zones() {
    this.zones ??= this.api.get("/time-zones").then(({ items }) => items).catch((error) => { this.zones = null; throw error; });
    return this.zones;
  }
}

/** Zones that have every word of the text; an offset ("+3", "UTC+5:30") is meant as it stands. */
export function fitting(zones, text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const has = (zone) => (word) => {
    const [, offset] = /^(?:utc|gmt)?([+-]\d{1,2}(?::\d{2})?)$/.exec(word.replace("−", "-")) ?? [];
    return offset ? offsetOf(zone) === `UTC${offset.replace(/([+-])0(?=\d)/, "$1")}` : [zone.city, zone.other, zone.name].some((name) => plain(name).includes(word));
  };
  return zones.filter((zone) => words.every(has(zone)));
}

const plain = (text) => text.trim().toLowerCase().replaceAll("ё", "е");

/** Minutes as "UTC+3", "UTC+5:30", as the workbook does. */
export function offsetOf({ offset }) {
  const minutes = Math.abs(offset) % 60;
  const hours = Math.floor(Math.abs(offset) / 60);
  return `UTC${offset < 0 ? "-" : "+"}${hours}${minutes ? `:${String(minutes).padStart(2, "0")}` : ""}`;
}

const inWords = (zone) => [zone.city, zone.name, offsetOf(zone)].filter((each, index, all) => all.indexOf(each) === index).join(" · ");
