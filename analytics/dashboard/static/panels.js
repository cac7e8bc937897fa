/** The panels below the cards: the query of each, and how its answer is shown. */

import { chart } from "./chart.js";
import { h, scrolling, table } from "./dom.js";
import { empty, ORDERING, sending } from "./empty.js";
import { figures } from "./figures.js";
import { count, money, share, short, shortMoney, week } from "./format.js";
import { productLabels } from "./names.js";
import { Panel } from "./panel.js";
import { mostFrequent } from "./series.js";

const FEW_WEEKS = 3;
const NO_ORDERS = "The order service publishes order.confirmed for each. Place an order, or in development let the demo do it:";

/** @param {{isHidden: (name: string) => boolean, toggle: (name: string) => void}} hiding */
export function overTime(hiding) {
  const show = ({ events }, { period: { bucket } }, signal) => {
    const series = mostFrequent(events.series.map(({ name, counts }) => ({ name, values: counts })));
    const label = "Events over time by type";
    const data = { label, starts: events.starts, bucket, series, format: count, axis: short, hiding };
    return series.length ? chart(data, signal) : null;
  };
  const none = ({ period }) => empty(period, "There are no events in this period. Send one:", sending(["page.viewed"]));
  return new Panel("over-time", figures, show, none);
}

/** Currencies cannot share an axis, so each has a chart of its own. */
export function revenue() {
  const show = ({ revenue: { starts, series } }, { period: { bars } }, signal) => {
    const charts = series.map(({ currency, amounts }) => {
      const axis = (amount) => shortMoney(amount, currency);
      const one = [{ name: currency, values: amounts }];
      return chart({ label: `Revenue in ${currency}`, starts, bucket: bars, series: one, format: money, axis }, signal);
    });
    return charts.length ? charts.flat() : null;
  };
  return new Panel("revenue", figures, show, ({ period }) =>
    empty(period, `No orders were confirmed in this period. ${NO_ORDERS}`, ORDERING),
  );
}

export function products() {
  const load = ({ ask, period: { from, to } }) => ask("products/top", { from, to, limit: 8 });
  const show = ({ items }) => {
    const labels = productLabels(items);
    const rows = items.map(({ product_id, units, revenue }, at) => [
      bar(labels[at], units / items[0].units, product_id),
      count(units),
      revenue.map(({ currency, amount }) => money(amount, currency)).join(", "),
    ]);
    const list = table("Products by units sold", ["Product", "Units", "Revenue"], rows);
    return items.length ? [scrolling("Top products", list)] : null;
  };
  return new Panel("products", load, show, ({ period }) =>
    empty(period, `No products were sold in this period. ${NO_ORDERS}`, ORDERING),
  );
}

export function retention() {
  const load = ({ ask, period: { weeks, people } }) => ask("retention", { weeks, to: people.to });
  const show = (answer) => {
    const first = answer.weeks.findIndex(({ users }) => users);
    if (first < 0) return null;
    const weeks = answer.weeks.slice(first);
    const after = weeks.map((_week, number) => number);
    const rows = weeks.map(({ week: start, users, returned }) => [
      week(start),
      count(users),
      ...after.map((number) => cell(returned[number], users)),
    ]);
    const grid = table(
      "Share of people seen again, by weeks after their first",
      ["Week of", "People", ...after.map((number) => `+${number}`)],
      rows,
    );
    grid.classList.add("grid");
    const hint = weeks.length < FEW_WEEKS ? h("p", { class: "quiet" }, "A longer range shows more weeks.") : null;
    return [scrolling("Retention", grid), hint].filter(Boolean);
  };
  return new Panel("retention", load, show, ({ period }) =>
    empty(period, "No one was seen first in these weeks. Send an event with a person:", sending(["page.viewed"])),
  );
}

/** Text with a bar behind it; *part* is the bar's share of the width. */
function bar(text, part, title) {
  const element = h("span", { class: "bar", title }, h("span", {}, text));
  element.style.setProperty("--part", `${Math.round(part * 100)}%`);
  return element;
}

function cell(returned, users) {
  if (returned === undefined || !users) return "";
  const element = h("span", { class: "heat", title: `${count(returned)} of ${count(users)}` }, share(returned, users));
  element.style.setProperty("--heat", (returned / users).toFixed(2));
  return element;
}
