/** The legend of a chart; it shows the totals, or the numbers under the pointer, and hides lines. */

import { h } from "./dom.js";
import { bucketStart } from "./format.js";
import { sum } from "./series.js";

const COLOURS = 8; // --series-1 to --series-8 in style.css

/** Return the number of a series' colour. */
export const colour = (index) => (index % COLOURS) + 1;

/** Return the element, and `show(at, moment)`; *onToggle* is called with the index of a series and whether it is shown. */
export function legend({ series, format, bucket, hiding }, onToggle) {
  const when = h("span", { class: "quiet" });
  const values = series.map(() => h("b"));
  const items = series.map(({ name }, index) => {
    const content = [h("span", { class: "name" }, name), " ", values[index]];
    const style = `series-${colour(index)}`;
    if (!hiding) return h("li", {}, h("span", { class: style }, ...content));
    return h("li", {}, toggle(name, style, content, hiding, (isShown) => onToggle(index, isShown)));
  });
  const show = (at, moment) => {
    when.textContent = moment ? bucketStart(moment, bucket) : "In all";
    series.forEach((one, index) => {
      values[index].textContent = format(moment ? one.values[at] : sum(one.values), one.name);
    });
  };
  show();
  return { show, element: h("ul", { class: "legend" }, h("li", {}, when), ...items) };
}

/** A button that shows or hides a line. */
function toggle(name, style, content, { isHidden, toggle: change }, onToggle) {
  const pressed = () => String(!isHidden(name));
  const click = () => {
    change(name);
    button.setAttribute("aria-pressed", pressed());
    onToggle(!isHidden(name));
  };
  const attributes = { type: "button", class: style, title: "Show or hide this line", "aria-pressed": pressed(), click };
  const button = h("button", attributes, ...content);
  return button;
}
