/** Texts, numbers, sums and dates in the reader's language: texts come translated from the server, figures are set by Intl. */

export class I18n {
  /** `lang`: "ru" or "en". `texts`: key → sentence with {places}. `forms`: plural category → key → sentence. */
  constructor({ lang, texts, forms }) {
    this.lang = lang;
    this.texts = texts;
    this.forms = forms;
    this.locale = lang === "ru" ? "ru-RU" : "en-GB";
    this.rules = new Intl.PluralRules(this.locale);
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

  /** Two calendar dates as one range. */
  range(from, to) {
    return from === to ? this.date(from) : this.#calendar().formatRange(noon(from), noon(to));
  }

  /** A month "2026-01" in words. */
  month(iso) {
    return new Intl.DateTimeFormat(this.locale, { month: "short", year: "numeric", timeZone: "UTC" }).format(noon(`${iso}-01`));
  }

  /** The same without the year, for a narrow place. */
  shortMonth(iso) {
    return new Intl.DateTimeFormat(this.locale, { month: "short", timeZone: "UTC" }).format(noon(`${iso}-01`));
  }

  /** A moment (ISO with offset) by the reader's clock: "today, 19:06", "5 March, 19:06", with the year when it is another. */
  moment(iso, now = new Date()) {
    const moment = new Date(iso);
    return `${this.#day(moment, now)}, ${this.time(iso)}`;
  }

  /** The time of day of a moment that is near. */
  time(iso) {
    return new Intl.DateTimeFormat(this.locale, { hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
  }

  #day(moment, now) {
    const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
    const near = [now, yesterday].findIndex((day) => day.toDateString() === moment.toDateString());
    if (near >= 0) return new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(-near, "day");
    const year = moment.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    return new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short", ...year }).format(moment);
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

const noon = (iso) => new Date(`${iso}T12:00:00Z`);

const place = (sentence, params) => sentence.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
