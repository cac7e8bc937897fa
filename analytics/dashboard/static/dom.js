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

/** Create a container for wide or high content that can be scrolled with the keyboard, and shows where there is more. */
export function scrolling(label, ...children) {
  const container = h("div", { class: "scroll", role: "group", "aria-label": label, tabindex: 0 }, ...children);
  hintAtMore(container);
  return container;
}

/** Keep `data-more` of a container: the edges beyond which there is more (style.css fades them). */
export function hintAtMore(container) {
  const look = () => {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = container;
    const edges = [
      ["right", scrollWidth - clientWidth - scrollLeft > 1],
      ["bottom", scrollHeight - clientHeight - scrollTop > 1],
    ];
    container.dataset.more = edges.filter(([_edge, isHidden]) => isHidden).map(([edge]) => edge).join(" ");
  };
  container.addEventListener("scroll", look, { passive: true });
  const watcher = new ResizeObserver(look);
  for (const one of [container, ...container.children]) watcher.observe(one);
}

/** Create text to copy, as it stands, with a button. */
export function copyable(text) {
  const button = h("button", { type: "button", class: "plain copy", click: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select the text instead";
    }
  }
  return h("div", { class: "copyable" }, h("pre", { tabindex: 0, class: "scroll" }, h("code", {}, text)), button);
}

/** Replace the content of an element; what is open, focused or scrolled there stays so. */
export function replaceContent(element, nodes) {
  const all = (selector) => [...element.querySelectorAll(selector)];
  const open = all("details").map((one) => one.open);
  const positions = all(".scroll").map((one) => [one.scrollLeft, one.scrollTop]);
  const focused = all("button, summary, .scroll").indexOf(document.activeElement);
  element.replaceChildren(...nodes);
  all("details").forEach((one, at) => (one.open = open[at] ?? false));
  all(".scroll").forEach((one, at) => one.scrollTo(...(positions[at] ?? [0, 0])));
  if (focused >= 0) all("button, summary, .scroll")[focused]?.focus({ preventScroll: true });
}
