/** Empty panels: what to send, with a command to paste. */

import { copyable, h } from "./dom.js";
import { isReserved } from "./names.js";

const SOMEONE = "0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081";

/** Return a text for an empty panel, and a command if what it sends would appear in the period. */
export function empty(period, text, command = null) {
  const advice = period.isOpen ? command && copyable(command) : h("p", {}, "Choose other days to see more.");
  return h("div", { class: "empty" }, h("p", {}, text), advice);
}

/** Return the shell command that sends events of these types, by one person; types of services are left out. */
export function sending(types, origin = location.origin) {
  const events = types.filter((type) => !isReserved(type)).map((type) => ({ type, userid: SOMEONE }));
  return [
    "KEY=$(bin/cli analytics keys add shop)",
    `curl ${origin}/api/v1/analytics/events/batch \\`,
    `  -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\`,
    `  -d '${JSON.stringify({ events }).replaceAll("'", "\\u0027")}'`,
  ].join("\n");
}

/** The command that places orders in a development stack: no program can send what services publish. */
export const ORDERING = "make demo";
