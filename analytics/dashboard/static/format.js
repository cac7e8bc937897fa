/** Numbers and times in the reader's language. */

import { formatting, wallOf } from "./zone.js";

const COUNT = new Intl.NumberFormat();
const COMPACT = { notation: "compact", maximumFractionDigits: 1 };
const SHORT = new Intl.NumberFormat(undefined, COMPACT);
const SHARE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const CHANGE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
const TIME = formatting({ timeStyle: "medium" });
const MOMENT = formatting({ dateStyle: "medium", timeStyle: "medium" });
const CLOCK = formatting({ hour: "2-digit", minute: "2-digit" });
const DATE = formatting({ day: "numeric", month: "short" });
const WEEKDAY = { weekday: "short", day: "numeric", month: "short" };
const DAY = formatting(WEEKDAY);
const HOUR = formatting({ ...WEEKDAY, hour: "2-digit", minute: "2-digit" });
const WEEK = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const DAYS = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

const noon = (date) => new Date(`${date}T12:00:00Z`);
const currencyFormat = (currency, more) => new Intl.NumberFormat(undefined, { style: "currency", currency, ...more });

export const count = (value) => COUNT.format(value);
export const short = (value) => SHORT.format(value);
export const share = (part, whole) => SHARE.format(whole ? part / whole : 0);
export const moment = (text) => MOMENT(new Date(text));
export const week = (date) => WEEK.format(noon(date));
export const days = (first, last) => DAYS.formatRange(noon(first), noon(last));
export const bucketStart = (start, bucket) => (bucket === "hour" ? HOUR : DAY)(start);
export const axisMoment = (start, stepSeconds) => (stepSeconds < 86_400 && wallOf(start).hour ? CLOCK : DATE)(start);
export const money = (amount, currency) => currencyFormat(currency).format(amount);
export const shortMoney = (amount, currency) => currencyFormat(currency, COMPACT).format(amount);

/** Return the time of a moment, with its date unless it is today. */
export function timeOrDate(text, now = new Date()) {
  const at = new Date(text);
  return DATE(at) === DATE(now) ? TIME(at) : `${DATE(at)} ${CLOCK(at)}`;
}

/** Return the change from an earlier number as text: "new" if there was nothing before, null if there is nothing at all. */
export function change(now, before) {
  if (before) return CHANGE.format(now / before - 1);
  return now ? "new" : null;
}

/** Return what a period is called. */
export function title({ first, last, days: number, isOpen }, range) {
  if (typeof range !== "string") return days(first, last);
  return number === 1 && isOpen ? "Today" : `Last ${number} days`;
}

/** Return what the period before it is called. */
export function titleBefore({ days: number, isOpen }) {
  if (number === 1) return isOpen ? "yesterday by this time" : "the day before";
  return isOpen ? `in the ${number} days before, by this time` : `in the ${number} days before`;
}
