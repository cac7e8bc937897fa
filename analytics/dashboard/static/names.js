/** Names that tell things apart, and types of events. */

import { FEWEST_STEPS } from "./view.js";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const [VISITED, REGISTERED, ORDERED] = ["page.viewed", "user.registered", "order.confirmed"];
const MOST_USUAL = 3; // before the order

/** Return the end of a UUID, because ids of the same time begin alike; anything else whole. */
export const tail = (id) => (UUID.test(id) ? `…${id.slice(-8)}` : id);

/** Return a label for each product: its name, with the end of its id if another one has the same name. */
export function productLabels(products) {
  return products.map(({ name, product_id }) => {
    if (name === null) return tail(product_id);
    const isAlone = products.filter((one) => one.name === name).length === 1;
    return isAlone ? name : `${name} (${tail(product_id)})`;
  });
}

/** Whether only a service can publish this type. */
export const isReserved = (type) => /^(order|product|user)\./.test(type);

/**
 * Return the steps of a funnel for the types that occur, the most frequent first.
 *
 * Each step of a funnel is rarer than the one before. So they are the most frequent types that programs send, and at the
 * end confirmed orders; registrations only if that is too little. A visit comes before what happens in it.
 */
export function usualSteps(types) {
  const last = types.filter((type) => type === ORDERED);
  const before = last.length ? types.slice(0, types.indexOf(ORDERED)) : types;
  const sent = before.filter((type) => !isReserved(type)).slice(0, MOST_USUAL);
  const isEnough = sent.length + last.length >= FEWEST_STEPS;
  const steps = isEnough ? sent : [...types.filter((type) => type === REGISTERED), ...sent];
  return [...steps.filter((type) => type === VISITED), ...steps.filter((type) => type !== VISITED), ...last];
}
