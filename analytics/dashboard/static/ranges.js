/** Periods in the page's time zone: whole local days, of which the current one ends with the current minute. */

import { momentAt, wallOf } from "./zone.js";

const DAY_MS = 86_400_000;
const [HOURS_UP_TO, DAYS_UP_TO, MOST_WEEKS] = [8, 366, 26];

/** The longest range, days: the service answers at most three years by day. */
export const MOST_DAYS = 3 * 366;

/** Named ranges: their number of days; the last one is today. */
export const NAMED = { today: 1, "7d": 7, "30d": 30, "90d": 90 };

/**
 * Return the period of a range, a name or `{from, to}` with dates; half-open.
 *
 * `before` is the equally long period before it, until the same local time. `people` has both in whole UTC days, by
 * which people are counted.
 */
export function periodOf(range, now = new Date()) {
  const today = dayOf(now);
  const { first, last } = daysOf(range, today);
  const days = last - first + 1;
  const isOpen = last === today;
  return {
    from: midnight(first),
    to: isOpen ? endOfMinute(now) : midnight(last + 1),
    before: { from: midnight(first - days), to: isOpen ? sameTime(now, days) : midnight(first) },
    people: utcDays(isOpen ? Math.floor(now / DAY_MS) : last, days),
    first: dateOf(first),
    last: dateOf(last),
    days,
    isOpen,
    ...sizes(first, last),
  };
}

/** Return what is wrong with two dates; empty if they are a range. */
export function problemOf({ from, to }) {
  if (![from, to].every(isDate)) return "Enter two dates, from 2010 on.";
  const days = numberOf(to) - numberOf(from) + 1;
  if (days < 1) return "The first day must not be after the last.";
  return days > MOST_DAYS ? `At most ${MOST_DAYS} days.` : "";
}

function isDate(text) {
  const isSpelled = /^20[1-9]\d-\d\d-\d\d$/.test(text ?? "");
  return isSpelled && !Number.isNaN(Date.parse(text)) && dateOf(numberOf(text)) === text;
}

/** Return the days as numbers since 1970; those after today are left out. */
function daysOf(range, today) {
  if (typeof range === "string") return { first: today - NAMED[range] + 1, last: today };
  const [first, last] = [range.from, range.to].map(numberOf);
  return { first, last: first > today ? last : Math.min(last, today) };
}

/** Return the sizes of buckets, and the number of weeks. */
function sizes(first, last) {
  const days = last - first + 1;
  const bucket = days <= HOURS_UP_TO ? "hour" : days <= DAYS_UP_TO ? "day" : "week";
  const bars = days > 1 && bucket === "hour" ? "day" : bucket;
  return { bucket, bars, weeks: Math.min((monday(last) - monday(first)) / 7 + 1, MOST_WEEKS) };
}

function utcDays(last, days) {
  const end = last + 1;
  const between = (from, to) => ({ from: new Date(from * DAY_MS), to: new Date(to * DAY_MS) });
  return { ...between(end - days, end), before: between(end - 2 * days, end - days) };
}

function sameTime(now, daysAgo) {
  const { day, minute, ...wall } = wallOf(now);
  return momentAt({ ...wall, day: day - daysAgo, minute: minute + 1 });
}

function dayOf(moment) {
  const { year, month, day } = wallOf(moment);
  return Date.UTC(year, month, day) / DAY_MS;
}

function midnight(day) {
  const date = new Date(day * DAY_MS);
  return momentAt({ year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() });
}

const numberOf = (text) => Date.parse(`${text}T00:00Z`) / DAY_MS;
const dateOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const monday = (day) => day - ((day + 3) % 7); // 1 January 1970 was a Thursday
const endOfMinute = (now) => new Date(Math.floor(now / 60_000 + 1) * 60_000);
