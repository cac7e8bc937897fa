/** The panels of the page: the query of each, and how its answer is shown. */

import { chart } from "./chart.js";
import { h, scrolling, table } from "./dom.js";
import { change, count, money, share, short, week } from "./format.js";
import { Panel } from "./panel.js";
import { lastTwoDaysUtc, todayAndYesterday } from "./ranges.js";
import { zone } from "./zone.js";

const ORDERS = "order.confirmed";
const MOST_LINES = 7;
const WEEKS = 8;

export function overTime(ask, range) {
  const load = async (signal) => {
    const { from, to, bucket } = range();
    return { bucket, ...(await ask("timeseries", { from, to, bucket, by: "type", tz: zone.name }, signal)) };
  };
  const show = ({ starts, series, bucket }, signal) => {
    const lines = mostFrequent(series.map(({ name, counts }) => ({ name, values: counts })));
    const data = { label: "Events over time by type", starts, bucket, series: lines, format: count, axis: short };
    return lines.length ? chart(data, signal) : null;
  };
  return new Panel("over-time", load, show, "No events in this period.");
}

export function revenue(ask, range) {
  const load = async (signal) => {
    const { from, to } = range();
    return ask("revenue", { from, to, bucket: "day", tz: zone.name }, signal);
  };
  const show = ({ starts, series }, signal) => {
    const lines = series.map(({ currency, amounts }) => ({ name: currency, values: amounts }));
    const bars = lines.length === 1;
    const data = { label: "Revenue by day", starts, bucket: "day", series: lines, format: money, axis: short, bars };
    return lines.length ? chart(data, signal) : null;
  };
  return new Panel("revenue", load, show, "No orders were confirmed in this period.");
}

export function products(ask, range) {
  const load = async (signal) => {
    const { from, to } = range();
    return ask("products/top", { from, to, limit: 8 }, signal);
  };
  const show = ({ items }) => {
    const rows = items.map(({ product_id, name, units, revenue }) => [
      bar(name ?? product_id.slice(0, 8), units / items[0].units),
      count(units),
      revenue.map(({ currency, amount }) => money(amount, currency)).join(", "),
    ]);
    const list = table("Products by units sold", ["Product", "Units", "Revenue"], rows);
    return items.length ? [scrolling("Top products", list)] : null;
  };
  return new Panel("products", load, show, "No products were sold in this period.");
}

export function today(ask) {
  const day = async ({ from, to }, signal) => {
    const asked = { from, to, bucket: "day", tz: zone.name };
    const [events, money] = await Promise.all([
      ask("timeseries", { ...asked, by: "type" }, signal),
      ask("revenue", asked, signal),
    ]);
    return totals(events.series, money.series);
  };
  const load = async (signal) => {
    const days = todayAndYesterday();
    const people = ask("users/unique", { ...lastTwoDaysUtc(), bucket: "day" }, signal);
    const [now, before, { counts }] = await Promise.all([day(days.today, signal), day(days.yesterday, signal), people]);
    return { now: { ...now, people: counts.at(-1) ?? 0 }, before: { ...before, people: counts.at(-2) ?? 0 } };
  };
  const show = ({ now, before }) => [
    h(
      "ul",
      { class: "tiles" },
      tile("Events", now.events, before.events, count),
      tile("People", now.people, before.people, count, "yesterday, whole days in UTC"),
      tile("Orders", now.orders, before.orders, count),
      ...currencies(now, before).map((currency) => {
        const inCurrency = (amount) => money(amount, currency);
        return tile("Revenue", now.revenue[currency] ?? 0, before.revenue[currency] ?? 0, inCurrency);
      }),
    ),
  ];
  return new Panel("today", load, show, "");
}

export function retention(ask) {
  const load = (signal) => ask("retention", { weeks: WEEKS }, signal);
  const show = ({ weeks }) => {
    const rows = weeks.map(({ week: start, users, returned }) => [
      week(start),
      count(users),
      ...Array.from({ length: WEEKS }, (_none, after) => cell(returned[after], users)),
    ]);
    const headings = ["Week of", "People", ...Array.from({ length: WEEKS }, (_none, after) => `+${after}`)];
    const grid = table("Share of people seen again, by weeks after their first", headings, rows);
    grid.classList.add("grid");
    return weeks.some(({ users }) => users) ? [scrolling("Retention", grid)] : null;
  };
  return new Panel("retention", load, show, "No one was active in the last weeks.");
}

/** Keep the most frequent series, and add up the others. */
function mostFrequent(series) {
  const total = ({ values }) => values.reduce((sum, value) => sum + value, 0);
  const sorted = series.filter(total).sort((one, other) => total(other) - total(one));
  if (sorted.length <= MOST_LINES + 1) return sorted;
  const rest = sorted.slice(MOST_LINES);
  const added = rest[0].values.map((_value, at) => rest.reduce((sum, { values }) => sum + values[at], 0));
  return [...sorted.slice(0, MOST_LINES), { name: "others", values: added }];
}

function totals(series, money) {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return {
    events: sum(series.flatMap(({ counts }) => counts)),
    orders: sum(series.filter(({ name }) => name === ORDERS).flatMap(({ counts }) => counts)),
    revenue: Object.fromEntries(money.map(({ currency, amounts }) => [currency, sum(amounts)])),
  };
}

function currencies(...days) {
  const known = new Set(days.flatMap(({ revenue }) => Object.keys(revenue)));
  return known.size ? [...known].sort() : ["EUR"];
}

function tile(name, now, before, format, than = "yesterday by this time") {
  const changed = change(now, before);
  const direction = now > before ? "up" : now < before ? "down" : "same";
  return h(
    "li",
    { class: "card" },
    h("h3", {}, name),
    h("p", { class: "figure" }, format(now)),
    h("p", { class: "quiet" }, changed ? h("b", { class: direction }, changed) : null, ` ${format(before)} ${than}`),
  );
}

/** Text with a bar behind it; *part* is the bar's share of the width. */
function bar(text, part) {
  const element = h("span", { class: "bar" }, h("span", {}, text));
  element.style.setProperty("--part", `${Math.round(part * 100)}%`);
  return element;
}

function cell(returned, users) {
  if (returned === undefined || !users) return "";
  const element = h("span", { class: "heat", title: `${count(returned)} of ${count(users)}` }, share(returned, users));
  element.style.setProperty("--heat", (returned / users).toFixed(2));
  return element;
}
