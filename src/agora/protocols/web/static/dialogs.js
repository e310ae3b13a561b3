// Dialogs are the browser's own. Buttons open them by command/commandfor, which older browsers need taught.

import { written } from "./page.js";

const taught = "commandForElement" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[commandfor]");
  if (button && !taught) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog?.showModal();
    else dialog?.close();
  }
  // A click beside the dialog closes it, unless something was written in it.
  if (event.target.tagName === "DIALOG" && !written(event.target)) event.target.close();
});
