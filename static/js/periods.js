/** Periods by name: their days, and the name of given days. */

import { EARLIEST } from "./i18n.js";

const YEARS_AHEAD = 10;

export const PERIODS = ["this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year", "all_time"];

const pad = (number) => String(number).padStart(2, "0");
const firstOf = (year, month) => `${year}-${pad(month)}-01`;
const lastOf = (year, month) => `${year}-${pad(month)}-${pad(new Date(Date.UTC(year, month, 0)).getUTCDate())}`;

/** `months` months, `back` whole steps before the one that holds year/month. */
function span(year, month, months, back) {
  const index = Math.floor((year * 12 + month - 1) / months) * months - back * months;
  const at = (offset) => [Math.floor((index + offset) / 12), ((index + offset) % 12) + 1];
  return { from: firstOf(...at(0)), to: lastOf(...at(months - 1)) };
}

/** The first and the last day of the period `name`, both included. */
export function rangeOf(name, today) {
  const [year, month] = today.split("-").map(Number);
  if (name === "all_time") return { from: EARLIEST, to: `${year + YEARS_AHEAD}-12-31` };
  const [which, unit] = name.split("_");
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  return span(year, month, months, which === "last" ? 1 : 0);
}

/** The name of the period that has exactly these days, else "own". */
export function nameOf(from, to, today) {
  const same = (name) => {
    const range = rangeOf(name, today);
    return range.from === from && range.to === to;
  };
  return PERIODS.find(same) ?? "own";
}

/** The choice that a report's params make, its period by name where it still has one. */
export function choiceOf(params, today) {
  return { period: nameOf(params.date_from, params.date_to, today), ...params };
}
