/** Charts over time, each with a table of the same numbers. */

/* global uPlot */
import { h, scrolling, table } from "./dom.js";
import { axisMoment, bucketStart } from "./format.js";
import { zone } from "./zone.js";

const HEIGHT = 240;
const COLOURS = 8; // --series-1 to --series-8 in style.css
const dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * Draw a chart of `series: [{name, values}]` at `starts`, until *signal* aborts.
 *
 * @param {{label: string, starts: string[], bucket: string, series: {name: string, values: number[]}[],
 *   format: (value: number, name: string) => string, axis: (value: number) => string, bars?: boolean}} data
 */
export function chart(data, signal) {
  const moments = data.starts.map((start) => new Date(start));
  const readout = legend(data);
  const canvas = h("div", { class: "chart", role: "img", "aria-label": `${data.label}. The table below has the numbers.` });
  draw(canvas, data, moments, (index) => readout.show(index, moments[index]), signal);
  return [canvas, readout.element, numbers(data, moments)];
}

/** The legend; it shows the totals, or the numbers under the pointer. */
function legend({ series, format, bucket }) {
  const when = h("span", { class: "quiet" });
  const values = series.map(() => h("b"));
  const items = series.map(({ name }, index) => h("li", { class: `series-${colour(index)}` }, name, " ", values[index]));
  const show = (at, moment) => {
    when.textContent = moment ? bucketStart(moment, bucket) : "In all";
    series.forEach((one, index) => {
      values[index].textContent = format(moment ? one.values[at] : sum(one.values), one.name);
    });
  };
  show();
  return { show, element: h("ul", { class: "legend", "aria-hidden": "true" }, h("li", {}, when), ...items) };
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

function draw(canvas, data, moments, onPoint, signal) {
  let plot = null;
  const redraw = () => {
    plot?.destroy();
    plot = canvas.clientWidth ? new uPlot(options(canvas, data, onPoint), columns(data, moments), canvas) : null;
  };
  const watcher = new ResizeObserver(() => {
    if (plot) plot.setSize({ width: canvas.clientWidth, height: HEIGHT });
    else redraw();
  });
  watcher.observe(canvas);
  dark.addEventListener("change", redraw, { signal });
  signal.addEventListener("abort", () => {
    watcher.disconnect();
    plot?.destroy();
  });
}

function columns({ series }, moments) {
  return [moments.map((moment) => moment / 1000), ...series.map(({ values }) => values)];
}

function options(canvas, { series, axis, starts, bars }, onPoint) {
  const style = getComputedStyle(canvas);
  const [text, grid] = ["--quiet", "--line"].map((name) => style.getPropertyValue(name));
  const hair = { stroke: grid, width: 1 };
  const lines = { stroke: text, grid: hair, ticks: hair, font: `12px ${style.fontFamily}` };
  const half = starts.length > 1 ? (new Date(starts[1]) - new Date(starts[0])) / 2000 : 1800;
  return {
    width: canvas.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (second) => (zone.isBrowsers ? new Date(second * 1000) : uPlot.tzDate(new Date(second * 1000), zone.name)),
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { range: (_plot, least, most) => (bars ? [least - half, most + half] : [least, Math.max(most, least + half)]) },
      y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [{ ...lines, space: 70, values: moments }, { ...lines, size: 56, values: (_plot, values) => values.map(axis) }],
    series: [{}, ...series.map((_one, index) => line(style.getPropertyValue(`--series-${colour(index)}`).trim(), bars))],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx)] },
  };
}

function line(stroke, bars) {
  const points = { show: false };
  if (!bars) return { stroke, points, width: 2 };
  return { stroke, points, width: 0, fill: stroke, paths: uPlot.paths.bars({ size: [0.7, 48] }) };
}

/** Format points in time as days, or as hours within a day. */
function moments(_plot, seconds, _axis, _space, step) {
  return seconds.map((second) => axisMoment(new Date(second * 1000), step));
}

const colour = (index) => (index % COLOURS) + 1;
const sum = (values) => values.reduce((total, value) => total + value, 0);
