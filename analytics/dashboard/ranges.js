/** Stretches of time, in the reader's time zone. They begin on whole hours or days, and end with the present minute. */

const RANGES = {
  "24h": { days: 0, hours: 23, bucket: "hour" },
  "7d": { days: 6, bucket: "hour" },
  "30d": { days: 29, bucket: "day" },
  "90d": { days: 89, bucket: "day" },
};

/** Give `{from, to, bucket}` of a range by its name; half-open. */
export function rangeOf(name, now = new Date()) {
  const { days, hours, bucket } = RANGES[name];
  const from = hours === undefined ? midnight(now, -days) : hourBefore(now, hours);
  return { from, to: endOfMinute(now), bucket };
}

/** Give today until now, and yesterday until the same time of day. */
export function todayAndYesterday(now = new Date()) {
  const [yesterday, today, to] = [midnight(now, -1), midnight(now), endOfMinute(now)];
  return { today: { from: today, to }, yesterday: { from: yesterday, to: new Date(yesterday.getTime() + (to - today)) } };
}

/** Give yesterday and today as UTC days, in which people are counted. */
export function lastTwoDaysUtc(now = new Date()) {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return { from: new Date(today - 86_400_000), to: new Date(today + 86_400_000) };
}

function midnight(now, days = 0) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
}

function hourBefore(now, hours) {
  const hour = new Date(now);
  hour.setMinutes(0, 0, 0);
  return new Date(hour.getTime() - hours * 3_600_000);
}

function endOfMinute(now) {
  return new Date(Math.floor(now.getTime() / 60_000 + 1) * 60_000);
}
