/** Keys that do something without a modifier, unless a person types or turns them off. */

import { isDialogOpen, openDialog } from "./dialogs.js";

const KEY = "dashboard-shortcuts";
const OFF = "off";
const TYPING = "input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]";

/** Return the key of an event that may be a shortcut; null while typing, or with a modifier, which are the browser's. */
export function shortcutOf({ key, target, ctrlKey, metaKey, altKey, isComposing, repeat }) {
  const isOthers = ctrlKey || metaKey || altKey || isComposing || repeat || target.matches?.(TYPING);
  return isOthers ? null : key.toLowerCase();
}

/**
 * Listen to the keys of *actions*, and to `?`, which opens the help.
 *
 * @param {Record<string, () => void>} actions
 * @param {() => boolean} isOn
 */
export function listenToKeys(actions, isOn) {
  const choice = document.querySelector("#help [name=shortcuts]");
  choice.checked = localStorage.getItem(KEY) !== OFF;
  choice.addEventListener("change", () => localStorage.setItem(KEY, choice.checked ? "on" : OFF));
  const all = { ...actions, "?": () => openDialog("help") };
  document.getElementById("show-help").addEventListener("click", all["?"]);
  document.addEventListener("keydown", (event) => {
    if (!isOn() || isDialogOpen() || !choice.checked) return;
    const action = all[shortcutOf(event)];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
