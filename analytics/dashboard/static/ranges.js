/** Ranges of time in the page's time zone. They begin on whole hours or days, and end with the current minute. */

import { momentAt, wallOf } from "./zone.js";

const RANGES = {
  "24h": { days: 0, hours: 23, bucket: "hour" },
  "7d": { days: 6, bucket: "hour" },
  "30d": { days: 29, bucket: "day" },
  "90d": { days: 89, bucket: "day" },
};

/** Return `{from, to, bucket}` of a range by its name; half-open. */
export function rangeOf(name, now = new Date()) {
  const { days, hours, bucket } = RANGES[name];
  const from = hours === undefined ? midnight(now, -days) : hourBefore(now, hours);
  return { from, to: endOfMinute(now), bucket };
}

/** Return today until now, and yesterday until the same local time, also on days when the clock changes. */
export function todayAndYesterday(now = new Date()) {
  const { day, minute, ...wall } = wallOf(now);
  const sameTime = momentAt({ ...wall, day: day - 1, minute: minute + 1 });
  return { today: { from: midnight(now), to: endOfMinute(now) }, yesterday: { from: midnight(now, -1), to: sameTime } };
}

/** Return yesterday and today as UTC days, by which people are counted. */
export function lastTwoDaysUtc(now = new Date()) {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return { from: new Date(today - 86_400_000), to: new Date(today + 86_400_000) };
}

function midnight(now, days = 0) {
  const { year, month, day } = wallOf(now);
  return momentAt({ year, month, day: day + days });
}

function hourBefore(now, hours) {
  const { minute } = wallOf(now);
  const beginning = Math.floor(now.getTime() / 60_000) - minute;
  return new Date((beginning - hours * 60) * 60_000);
}

function endOfMinute(now) {
  return new Date(Math.floor(now.getTime() / 60_000 + 1) * 60_000);
}
