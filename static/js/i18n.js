/** Texts, numbers, sums and dates in the reader's language: texts come translated from the server, figures are set by Intl. */

/** The first day of "all time". */
export const EARLIEST = "2000-01-01";

export class I18n {
  /** `lang`: "ru" or "en". `texts`: key → sentence with {places}. `forms`: plural category → key → sentence. `zone`: the
   * portal's time zone, in which moments are told; without one the reader's. */
  constructor({ lang, texts, forms, zone }) {
    this.lang = lang;
    this.texts = texts;
    this.forms = forms;
    this.locale = lang === "ru" ? "ru-RU" : "en-GB";
    this.rules = new Intl.PluralRules(this.locale);
    this.tellIn(zone);
  }

  /** Moments are told in this zone from now on; in UTC where the browser does not know it. */
  tellIn(zone) {
    this.zone = isKnown(zone) ? zone : "UTC";
  }

  /** The name of the clock: "UTC+3". */
  clock(now = new Date()) {
    const parts = new Intl.DateTimeFormat("en", { timeZone: this.zone, timeZoneName: "shortOffset" }).formatToParts(now);
    return parts.find(({ type }) => type === "timeZoneName").value.replace("GMT", "UTC");
  }

  /** The sentence `key` with `{name}` replaced by `params.name`. */
  t(key, params = {}) {
    return place(this.texts[key] ?? key, params);
  }

  has(key) {
    return key in this.texts;
  }

  /** The sentence `key` for `n` things, `{n}` being the number. */
  count(key, n, params = {}) {
    const forms = this.forms[this.rules.select(n)] ?? this.forms.other;
    return place(forms[key] ?? key, { n: this.number(n), ...params });
  }

  number(value) {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  /** A share in hundredths, "12 %". */
  percent(value) {
    return new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: value > 0 && value < 1 ? 1 : 0 }).format(value / 100);
  }

  /** A sum: `value` is a text with two decimals ("1234567.89"), never computed with. */
  money(value, currency) {
    if (value === null || value === undefined) return "";
    const style = { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: 2, maximumFractionDigits: 2 };
    try {
      return new Intl.NumberFormat(this.locale, style).format(value);
    } catch {
      return `${new Intl.NumberFormat(this.locale, { minimumFractionDigits: 2 }).format(value)} ${currency ?? ""}`.trim();
    }
  }

  /** A calendar date "2026-03-31" in words; no time zone touches it. */
  date(iso) {
    return this.#calendar().format(noon(iso));
  }

  /** Two calendar dates as one range; all time has no dates. */
  range(from, to) {
    if (from === EARLIEST && Number(to.slice(0, 4)) > new Date().getFullYear() + 1) return this.t("period_all_time");
    return from === to ? this.date(from) : this.#calendar().formatRange(noon(from), noon(to));
  }

  /** What a report's params say of time: its period, or the day of receivables. */
  span({ date_from, date_to, as_of }) {
    return as_of ? this.t("debts_on", { date: this.date(as_of) }) : this.range(date_from, date_to);
  }

  /** A month "2026-01" in words, without the «г.» of a sentence: it heads a row. */
  month(iso) {
    return new Intl.DateTimeFormat(this.locale, { month: "short", year: "numeric", timeZone: "UTC" }).format(noon(`${iso}-01`)).replace(/\sг\.$/, "");
  }

  /** The same without the year, for a narrow place. */
  shortMonth(iso) {
    return new Intl.DateTimeFormat(this.locale, { month: "short", timeZone: "UTC" }).format(noon(`${iso}-01`));
  }

  /** A moment (ISO with offset) by the portal's clock: "today, 19:06", "5 March, 19:06", with the year when it is another. */
  moment(iso, now = new Date()) {
    const moment = new Date(iso);
    return `${this.#day(moment, now)}, ${this.time(iso)}`;
  }

  /** The time of day of a moment that is near. */
  time(iso) {
    return new Intl.DateTimeFormat(this.locale, { hour: "2-digit", minute: "2-digit", timeZone: this.zone }).format(new Date(iso));
  }

  #day(moment, now) {
    const day = this.#dayOf(moment);
    const near = [now, new Date(now - DAY)].findIndex((each) => this.#dayOf(each) === day);
    if (near >= 0) return new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(-near, "day");
    const year = day.slice(0, 4) === this.#dayOf(now).slice(0, 4) ? {} : { year: "numeric" };
    return new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short", timeZone: this.zone, ...year }).format(moment);
  }

  /** "2026-03-31" in the zone. */
  #dayOf(moment) {
    return new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: this.zone }).format(moment);
  }

  /** Bytes as "48 КБ". */
  size(bytes) {
    const [unit, value] = bytes < 1e6 ? ["size.kb", Math.max(1, bytes / 1e3)] : ["size.mb", bytes / 1e6];
    return this.t(unit, { n: new Intl.NumberFormat(this.locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value) });
  }

  /** Seconds as "about 20 seconds", "about 3 minutes". */
  about(seconds) {
    if (seconds < 90) return this.count("about_seconds", Math.max(5, Math.ceil(seconds / 5) * 5));
    return this.count("about_minutes", Math.ceil(seconds / 60));
  }

  #calendar() {
    return new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  }
}

const DAY = 86_400_000;

function isKnown(zone) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const noon = (iso) => new Date(`${iso}T12:00:00Z`);

const place = (sentence, params) => sentence.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
