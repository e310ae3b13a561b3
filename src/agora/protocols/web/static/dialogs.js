// Dialogs are the browser's own. Buttons open them by command/commandfor, which older browsers need taught.

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

function written(dialog) {
  return [...dialog.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue);
}

// What a dialog sent was accepted: it has done its work.
document.addEventListener("htmx:after:request", (event) => {
  const { response } = event.detail.ctx;
  if (!response || response.status >= 400) return;
  const dialog = event.target.closest?.("dialog[open]");
  dialog?.querySelector("form")?.reset();
  dialog?.close();
});
