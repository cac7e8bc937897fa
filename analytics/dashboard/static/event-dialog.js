/** One event, whole. */

import { openDialog, failure } from "./dialogs.js";
import { copyable, h } from "./dom.js";

/** Return the function that shows an event by its id. */
export function eventDialog(ask) {
  let last = "";
  return async (id) => {
    const body = openDialog("event").querySelector(".body");
    last = id;
    body.replaceChildren(h("p", { class: "loading" }, "Loading …"));
    const content = await ask(`events/${id}`, {}).then((event) => copyable(JSON.stringify(event, null, 2)), failure);
    if (last === id) body.replaceChildren(content);
  };
}
