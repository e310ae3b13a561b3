// Dialogs: native ones. Buttons open them with command/commandfor, with a polyfill for older browsers.

import { written } from "./page.js";

const taught = "commandForElement" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[commandfor]");
  if (button && !taught) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog?.showModal();
    else dialog?.close();
  }
  // A click outside the dialog closes it, unless its fields have been edited.
  if (event.target.tagName === "DIALOG" && !written(event.target)) event.target.close();
});
