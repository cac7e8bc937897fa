/** Plots of numbers over time, by uPlot, in the colours of the style sheet. */

/* global uPlot */
import { axisMoment } from "./format.js";
import { colour } from "./legend.js";
import { dashes } from "./series.js";
import { zone } from "./zone.js";

const HEIGHT = 240;
const WHOLE_DAYS = [1, 2, 3, 5, 10, 15, 30, 60, 90, 180, 365].map((days) => days * 86_400);
const WHOLE = Array.from({ length: 30 }, (_none, at) => [1, 2, 5][at % 3] * 10 ** Math.floor(at / 3));
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Draw on an element, until *signal* aborts; *onPoint* gets the index under the pointer. Returns how to show and hide a line. */
export function draw(canvas, data, moments, onPoint, signal) {
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
  return { show: (index, isShown) => plot?.setSeries(index + 1, { show: isShown }) };
}

function columns({ series }, moments) {
  return [moments.map((moment) => moment / 1000), ...series.map(({ values }) => values)];
}

function options(canvas, data, onPoint) {
  const style = getComputedStyle(canvas);
  const [text, grid] = ["--quiet", "--line"].map((name) => style.getPropertyValue(name));
  const hair = { stroke: grid, width: 1 };
  const lines = { stroke: text, grid: hair, ticks: hair, font: `12px ${style.fontFamily}` };
  return {
    width: canvas.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (second) => (zone.isBrowsers ? new Date(second * 1000) : uPlot.tzDate(new Date(second * 1000), zone.name)),
    cursor: { y: false, drag: { x: false, y: false } },
    scales: scales(data),
    axes: [
      { ...lines, space: 70, values: moments, ...(data.bucket !== "hour" && { incrs: WHOLE_DAYS }) },
      { ...lines, size: 64, values: (_plot, values) => values.map(data.axis), ...(data.hiding && { incrs: WHOLE }) },
    ],
    series: [{}, ...lineStyles(data, style)],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx)] },
  };
}

/** Lines begin and end at the edge, bars half a bucket within it. */
function scales({ starts, hiding }) {
  const half = starts.length > 1 ? (new Date(starts[1]) - new Date(starts[0])) / 2000 : 1800;
  const x = (_plot, least, most) => (hiding ? [least, Math.max(most, least + half)] : [least - half, most + half]);
  return { x: { range: x }, y: { range: (_plot, _least, most) => [0, Math.max(1, (most ?? 0) * 1.1)] } };
}

function lineStyles({ series, hiding }, style) {
  const patterns = dashes(series);
  return series.map(({ name }, index) => {
    const stroke = style.getPropertyValue(`--series-${colour(index)}`).trim();
    const points = { show: false };
    if (hiding) return { stroke, points, width: 2, dash: patterns[index], show: !hiding.isHidden(name) };
    return { stroke, points, width: 0, fill: stroke, paths: uPlot.paths.bars({ size: [0.7, 48] }) };
  });
}

/** Format points in time as days, or as hours within a day. */
function moments(_plot, seconds, _axis, _space, step) {
  return seconds.map((second) => axisMoment(new Date(second * 1000), step));
}
