/** Creating elements. Text always stays text: data can never become markup. */

/**
 * Create an element: `h("p", {class: "quiet"}, "Hello")`. Attributes that are null or false are left out; functions are listeners.
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

/** Create a table: with a caption for screen readers, and the first cell of each row as its heading. */
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

/** Create a container for wide or high content that can be scrolled with the keyboard. */
export function scrolling(label, ...children) {
  return h("div", { class: "scroll", role: "group", "aria-label": label, tabindex: 0 }, ...children);
}
