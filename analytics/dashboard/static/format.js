/** Numbers and times in the reader's language. */

import { formatting, wallOf } from "./zone.js";

const COUNT = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const CHANGE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
const TIME = formatting({ timeStyle: "medium" });
const CLOCK = formatting({ hour: "2-digit", minute: "2-digit" });
const DATE = formatting({ day: "numeric", month: "short" });
const WEEKDAY = { weekday: "short", day: "numeric", month: "short" };
const DAY = formatting(WEEKDAY);
const HOUR = formatting({ ...WEEKDAY, hour: "2-digit", minute: "2-digit" });
const WEEK = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

export const count = (value) => COUNT.format(value);
export const short = (value) => SHORT.format(value);
export const share = (part, whole) => SHARE.format(whole ? part / whole : 0);
export const timeOfDay = (text) => TIME(new Date(text));
export const week = (date) => WEEK.format(new Date(`${date}T00:00:00Z`));
export const bucketStart = (moment, bucket) => (bucket === "hour" ? HOUR : DAY)(moment);
export const axisMoment = (moment, stepSeconds) => (stepSeconds < 86_400 && wallOf(moment).hour ? CLOCK : DATE)(moment);
export const money = (amount, currency) => new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);

/** Return the change from an earlier number as text; empty if there is nothing to compare with. */
export const change = (now, before) => (before ? CHANGE.format(now / before - 1) : null);
