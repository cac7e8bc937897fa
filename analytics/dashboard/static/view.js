/** The view: what a person has chosen to see. It is in the page's address, and nothing else is. */

import { NAMED, problemOf } from "./ranges.js";

export const WINDOWS = ["3600", "86400", "604800", "2592000"];
export const [FEWEST_STEPS, MOST_STEPS] = [2, 6];
const [USUAL_RANGE, USUAL_WINDOW] = ["7d", "604800"];
const [MOST_HIDDEN, LONGEST_TYPE] = [60, 200];

/**
 * Read the view in a query; the usual replaces whatever is missing or invalid.
 *
 * `range` is a name or `{from, to}` with dates, `hidden` names series; without `steps` the funnel has the usual ones.
 */
export function readView(query) {
  const values = new URLSearchParams(query);
  const steps = values.getAll("step");
  return {
    range: rangeIn(values),
    hidden: values.getAll("hide").filter(isType).slice(0, MOST_HIDDEN),
    steps: areSteps(steps) ? steps : null,
    window: WINDOWS.includes(values.get("window")) ? values.get("window") : USUAL_WINDOW,
  };
}

/** Return the query of a view, without what is usual. */
export function writeView({ range, hidden, steps, window }) {
  const values = new URLSearchParams();
  if (typeof range !== "string") Object.entries(range).forEach(([name, date]) => values.set(name, date));
  else if (range !== USUAL_RANGE) values.set("range", range);
  hidden.forEach((name) => values.append("hide", name));
  steps?.forEach((step) => values.append("step", step));
  if (window !== USUAL_WINDOW) values.set("window", window);
  return values.size ? `?${values}` : "";
}

function rangeIn(values) {
  const dates = { from: values.get("from"), to: values.get("to") };
  if (!problemOf(dates)) return dates;
  return Object.hasOwn(NAMED, values.get("range")) ? values.get("range") : USUAL_RANGE;
}

function areSteps(steps) {
  return steps.length >= FEWEST_STEPS && steps.length <= MOST_STEPS && steps.every(isType);
}

function isType(text) {
  return text.length > 0 && text.length <= LONGEST_TYPE;
}
