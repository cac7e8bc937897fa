/** Charts over time: a plot, its legend, and a table of the same numbers. */

import { h, scrolling, table } from "./dom.js";
import { bucketStart } from "./format.js";
import { legend } from "./legend.js";
import { draw } from "./plot.js";

/**
 * Draw a chart of `series: [{name, values}]` at `starts`, until *signal* aborts. With *hiding* it has lines, and a click
 * on a name hides one; without it has bars.
 *
 * @param {{label: string, starts: string[], bucket: string, series: {name: string, values: number[]}[],
 *   format: (value: number, name: string) => string, axis: (value: number) => string,
 *   hiding?: {isHidden: (name: string) => boolean, toggle: (name: string) => void}}} data
 */
export function chart(data, signal) {
  const moments = data.starts.map((start) => new Date(start));
  const readout = legend(data, (index, isShown) => plot.show(index, isShown));
  const canvas = h("div", { class: "chart", role: "img", "aria-label": `${data.label}. The table below has the numbers.` });
  const plot = draw(canvas, data, moments, (index) => readout.show(index, moments[index]), signal);
  return [canvas, readout.element, numbers(data, moments)];
}

/** The same numbers as a table, which is built when it is opened. */
function numbers({ label, series, format, bucket }, moments) {
  const details = h("details", {}, h("summary", {}, "Show as a table"));
  const fill = () => {
    const rows = moments.map((moment, at) => [
      bucketStart(moment, bucket),
      ...series.map(({ name, values }) => format(values[at], name)),
    ]);
    details.append(scrolling(label, table(label, ["From", ...series.map(({ name }) => name)], rows.reverse())));
  };
  details.addEventListener("toggle", fill, { once: true });
  return details;
}
