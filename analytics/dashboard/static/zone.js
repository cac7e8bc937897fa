/** The time zone of the page: the browser's, or UTC if the browser names none or the service does not know it. */

const UTC = "UTC";
const named = Intl.DateTimeFormat().resolvedOptions().timeZone;
let isKnown = false;

export const zone = named
  ? { name: named, label: named, isBrowsers: true }
  : { name: UTC, label: "UTC: this browser does not name its time zone", isBrowsers: false };

/** Ask once whether the service knows the browser's zone. After any other failure, ask again next time. */
export async function settleZone(ask) {
  if (isKnown || !zone.isBrowsers) return;
  try {
    const now = Date.now();
    await ask("stats", { tz: zone.name, from: new Date(now - 60_000), to: new Date(now) });
    isKnown = true;
  } catch (error) {
    if (error.status !== 422) return;
    Object.assign(zone, { name: UTC, label: `UTC: the service does not know the time zone ${named}`, isBrowsers: false });
  }
}

/** Return a function that formats moments in the page's zone. */
export function formatting(options) {
  const inBrowsers = new Intl.DateTimeFormat(undefined, options);
  const inUtc = new Intl.DateTimeFormat(undefined, { ...options, timeZone: UTC });
  return (moment) => (zone.isBrowsers ? inBrowsers : inUtc).format(moment);
}

/** Return `{year, month, day, hour, minute}` of a moment in local time; months are counted from 0. */
export function wallOf(moment) {
  const local = zone.isBrowsers;
  return {
    year: local ? moment.getFullYear() : moment.getUTCFullYear(),
    month: local ? moment.getMonth() : moment.getUTCMonth(),
    day: local ? moment.getDate() : moment.getUTCDate(),
    hour: local ? moment.getHours() : moment.getUTCHours(),
    minute: local ? moment.getMinutes() : moment.getUTCMinutes(),
  };
}

/** Return the first moment with this local time, or, if the clock skips it, the moment of the change. */
export function momentAt({ year, month, day, hour = 0, minute = 0 }) {
  if (!zone.isBrowsers) return new Date(Date.UTC(year, month, day, hour, minute));
  const moment = new Date(year, month, day, hour, minute);
  const wanted = new Date(Date.UTC(year, month, day, hour, minute));
  const shown = wallOf(moment);
  const isSkipped = Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute) > wanted;
  const offset = moment.getTimezoneOffset();
  while (isSkipped && new Date(moment - 60_000).getTimezoneOffset() === offset) moment.setTime(moment - 60_000);
  return moment;
}
