/** Names that tell things apart, and types of events. */

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const WAY = ["page.viewed", "user.registered", "order.confirmed", "order.fulfilled"];
const MOST_USUAL = 3;

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
 * They are the way to an order, as far as it occurs. If little of it does, they are the most frequent types that programs
 * send, because each step of a funnel is rarer than the one before.
 */
export function usualSteps(types) {
  const way = WAY.filter((type) => types.includes(type));
  if (way.length > 1) return way;
  const others = types.filter((type) => !isReserved(type) && !way.includes(type)).slice(0, MOST_USUAL - way.length);
  return way[0]?.startsWith("order.") ? [...others, ...way] : [...way, ...others];
}
