/** Making elements. Text is always text: nothing here can turn data into markup. */

/**
 * Make an element: `h("p", {class: "quiet"}, "Hello")`. Attributes that are null or false are left out, functions listen.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {...(Node | string | null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Make a table: a caption for those who do not see the chart, the first cell of each row as its heading. */
export function table(caption, headings, rows) {
  const cells = ([first, ...rest]) => [h("th", { scope: "row" }, first), ...rest.map((cell) => h("td", {}, cell))];
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, ...headings.map((heading) => h("th", { scope: "col" }, heading)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells(row)))),
  );
}

/** Make what may be wider or higher than its place, and can be scrolled with the keyboard. */
export function scrolling(label, ...children) {
  return h("div", { class: "scroll", role: "group", "aria-label": label, tabindex: 0 }, ...children);
}
