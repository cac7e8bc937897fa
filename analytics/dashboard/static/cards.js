/** The cards: the totals of the period, compared with the period before. */

import { h } from "./dom.js";
import { figures } from "./figures.js";
import { change, count, money, title, titleBefore } from "./format.js";
import { Panel } from "./panel.js";

export function cards(range) {
  const heading = document.getElementById("cards-title");
  const show = ({ now, before }, { period }) => {
    const than = titleBefore(period);
    const inWholeDays = `${titleBefore({ ...period, isOpen: false })}, in whole UTC days`;
    heading.textContent = title(period, range());
    const cardsOfRevenue = currencies(now, before).map((currency) => {
      const inCurrency = (amount) => money(amount, currency);
      return card("Revenue", now.revenue[currency] ?? 0, before.revenue[currency] ?? 0, inCurrency, than);
    });
    return [
      h(
        "ul",
        { class: "cards" },
        card("Events", now.events, before.events, count, than),
        card("People", now.people, before.people, count, inWholeDays),
        card("Orders", now.orders, before.orders, count, than),
        ...cardsOfRevenue,
      ),
    ];
  };
  return new Panel("cards", figures, show);
}

function currencies(...periods) {
  const known = new Set(periods.flatMap(({ revenue }) => Object.keys(revenue)));
  return known.size ? [...known].sort() : ["EUR"];
}

function card(name, now, before, format, than) {
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
