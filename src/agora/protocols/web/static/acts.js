// Actions: handle the response to a submitted form. The page stays, and no input is lost.

import { fetchPage, refreshPage } from "./page.js";

const TOAST_SECONDS = 10;
const sender = (event) => event.target.closest?.("form[hx-post]");
const trouble = (form) => form.querySelector(".trouble");

function unreachable(form) {
  const note = document.createElement("div");
  note.className = "note bad";
  const words = document.createElement("p");
  words.textContent = navigator.onLine
    ? "The server cannot be reached. Your input is kept: send it again when the server is available."
    : "You are offline. Your input is kept: send it again when you are online.";
  note.append(words);
  trouble(form)?.replaceChildren(note);
}

// A successful action has used its idempotency key; submitting the form again is a new action.
function renewKey(form) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  form.elements.idempotency_key.value = "key_" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// After signing in again, put the token of the new session into the forms. Returns whether there was a new one.
async function renewTokens(form) {
  const token = (await fetchPage())?.querySelector("input[name=csrf]")?.value;
  if (!token || token === form.elements.csrf.value) return false;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  return true;
}

document.addEventListener("htmx:before:request", (event) => {
  const form = sender(event);
  if (form) trouble(form)?.replaceChildren();
});

document.addEventListener("htmx:error", (event) => {
  const form = sender(event);
  if (form) unreachable(form);
});

document.addEventListener("htmx:after:request", (event) => {
  const form = sender(event);
  const { ctx } = event.detail;
  if (!form || !ctx.response) return;
  if (ctx.response.status >= 500 && !ctx.text.includes('class="note')) ctx.text = ""; // a proxy's page, not the server's
});

document.addEventListener("htmx:finally:request", async (event) => {
  const form = sender(event);
  const { response, text, request } = event.detail.ctx;
  if (!form || !response || response.headers.get("hx-redirect")) return;
  if (response.status >= 500 && !text) unreachable(form);
  if (response.status === 403 && (await renewTokens(form))) form.requestSubmit(request.submitter ?? undefined);
  if (response.status >= 400) return;
  renewKey(form);
  const dialog = form.closest("dialog");
  if (dialog || form.closest(".say")) form.reset(); // so that it is not submitted again
  dialog?.close();
  await refreshPage();
  // Focus the button that opened the dialog again, unless the action removed it.
  if (document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
});

// Toasts disappear automatically, unless they contain something to copy, or have focus or pointer.

function dismissLater(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? dismissLater(toast) : toast.remove()), TOAST_SECONDS * 1000);
}

new MutationObserver((changes) => {
  for (const toast of changes.flatMap((change) => [...change.addedNodes])) {
    if (toast.nodeType === Node.ELEMENT_NODE && !("stay" in toast.dataset)) dismissLater(toast);
  }
}).observe(document.getElementById("toasts"), { childList: true });

document.addEventListener("click", (event) => event.target.closest?.("[data-dismiss]")?.closest(".note")?.remove());
