/** Dialogs: Escape and every button of the class `close` close them; the focus then returns to where it was. */

import { h } from "./dom.js";

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside it
}

/** Whether one is open. */
export const isDialogOpen = () => document.querySelector("dialog[open]") !== null;

/** Close all. */
export function closeDialogs() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
}

/** Show a dialog by its id. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!isDialogOpen()) dialog.showModal();
  return dialog;
}

/** Return the element of a failed action. */
export const failure = (error) => h("p", { class: "failed", role: "alert" }, error.message);
