/** The numbers of the cards and of the charts over time. Both show the same answers, at the same moment. */

import { sum } from "./series.js";
import { zone } from "./zone.js";

const ORDERS = "order.confirmed";
const REST = "other"; // of the types that are too many for one answer
const MONTH = "month"; // the largest bucket, where only the sum matters

/** Return the events by type over time. */
export function eventsByType({ ask, period }) {
  const { from, to, bucket } = period;
  return ask("timeseries", { from, to, bucket, by: "type", tz: zone.name });
}

/** Return the types that occur, the most frequent first. */
export async function typesIn(snapshot) {
  const { series } = await eventsByType(snapshot);
  return series.filter(({ counts }) => sum(counts)).map(({ name }) => name).filter((name) => name !== REST);
}

/** Return `{events, revenue, now, before}`: two answers over time, and the totals of the period and of the one before. */
export async function figures(snapshot) {
  const { period, ask } = snapshot;
  const { from, to, before, bars, people } = period;
  const earlier = { ...before, bucket: MONTH, tz: zone.name };
  const [events, revenue, eventsBefore, revenueBefore, ...unique] = await Promise.all([
    eventsByType(snapshot),
    ask("revenue", { from, to, bucket: bars, tz: zone.name }),
    ask("timeseries", { ...earlier, by: "type" }),
    ask("revenue", earlier),
    ask("users/unique", { from: people.from, to: people.to, bucket: MONTH }),
    ask("users/unique", { ...people.before, bucket: MONTH }),
  ]);
  const [orders, ordersBefore] = await Promise.all([
    countOrders(ask, events, { from, to }),
    countOrders(ask, eventsBefore, before),
  ]);
  const [persons, personsBefore] = unique.map((answer) => answer.total);
  return {
    events,
    revenue,
    now: { events: total(events), people: persons, orders, revenue: amounts(revenue) },
    before: { events: total(eventsBefore), people: personsBefore, orders: ordersBefore, revenue: amounts(revenueBefore) },
  };
}

/** Add up the orders of an answer by type; they are asked for if they may be in its rest. */
async function countOrders(ask, { series }, { from, to }) {
  const orders = series.find(({ name }) => name === ORDERS);
  if (orders || !series.some(({ name }) => name === REST)) return sum(orders?.counts ?? []);
  return total(await ask("timeseries", { from, to, bucket: MONTH, type: ORDERS }));
}

const total = ({ series }) => sum(series.flatMap(({ counts }) => counts));
const amounts = ({ series }) => Object.fromEntries(series.map((one) => [one.currency, sum(one.amounts)]));
