/** Series of numbers: sums, the most frequent ones, and telling equal ones apart. */

const MOST_LINES = 7;
const DASH = 6; // pixels

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Keep the most frequent series of `{name, values}`, and add up the others. */
export function mostFrequent(series) {
  const total = ({ values }) => sum(values);
  const sorted = series.filter(total).sort((one, other) => total(other) - total(one));
  if (sorted.length <= MOST_LINES + 1) return sorted;
  const rest = sorted.slice(MOST_LINES);
  const added = rest[0].values.map((_value, at) => sum(rest.map(({ values }) => values[at])));
  return [...sorted.slice(0, MOST_LINES), { name: "others", values: added }];
}

/** Return a dash pattern for each series. The lines of equal series take turns, so that none hides another. */
export function dashes(series) {
  const all = series.map(({ values }) => values.join());
  return all.map((own, at) => {
    const equal = all.filter((one) => one === own).length;
    const below = all.slice(0, at).filter((one) => one === own).length;
    return below ? [DASH * (equal - below), DASH * below] : [];
  });
}
