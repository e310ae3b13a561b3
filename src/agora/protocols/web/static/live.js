// Live updates: show the connection state, insert updates in their places, and limit growing lists.

import { hold, trim } from "./logs.js";
import { refreshPage, writing } from "./page.js";

const said = { live: "Live", joining: "Reconnecting", lost: "Offline", ended: "Signed out" };
const stream = "[hx-sse\\:connect]";

function say(state) {
  for (const element of document.querySelectorAll(".link")) {
    if (element.dataset.state === state) continue;
    element.dataset.state = state;
    element.querySelector("[data-word]").textContent = said[state];
  }
}

// Reload the page; while the user is writing, show instead that it is not live.
function reload() {
  if (writing()) say("ended");
  else location.reload();
}

const interrupted = () => say(navigator.onLine ? "joining" : "lost");

document.addEventListener("htmx:sse:after:connection", () => say("live"));
document.addEventListener("htmx:sse:error", (event) => {
  interrupted();
  if ([401, 403].includes(event.detail.status)) reload(); // the session has ended: sign in again
});
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt > 0) interrupted();
});
addEventListener("offline", interrupted);
addEventListener("online", () => {
  interrupted();
  // An old connection may hang for minutes: close it, and the extension reconnects and resumes.
  for (const element of document.querySelectorAll(stream)) element._htmx?.sse?.reader?.cancel();
});

// The extension reconnects by itself after a first connection. A failed first attempt is repeated here.
document.addEventListener("htmx:error", (event) => {
  const element = event.target.closest?.(stream);
  if (!element || element._htmx?.sse) return;
  interrupted();
  setTimeout(() => element.isConnected && htmx.process(element), 2000);
});

// Unchanged rows arrive as empty elements, and are replaced by a copy of the displayed rows. Null if one is not displayed.
function fillUnchanged(html) {
  if (!html.includes("data-same")) return html;
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const mark of template.content.querySelectorAll("[data-same]")) {
    const row = document.getElementById(mark.id);
    if (!row) return null;
    mark.replaceWith(row.cloneNode(true));
  }
  return template.innerHTML;
}

// A message has the name of a fragment, into which its content is swapped.
document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  if (message.event === "reload") reload();
  const piece = message.event && document.getElementById(`live-${message.event}`);
  if (!piece) return;
  // Replacing a fragment would remove a form that is being submitted: its response is shown first.
  const form = piece.querySelector("form.htmx-request");
  if (form) event.detail.waitUntil(new Promise((done) => form.addEventListener("htmx:finally:request", done, { once: true })));
  const swap = piece.dataset.swap ?? "innerMorph";
  if (swap === "afterbegin" && hold(piece, message.data)) {
    event.preventDefault();
    return;
  }
  const data = fillUnchanged(message.data);
  if (data === null) {
    event.preventDefault();
    refreshPage();
    return;
  }
  message.data = `<hx-partial hx-target="#${piece.id}" hx-swap="${swap}">${data}</hx-partial>`;
  message.event = "";
});

// A growing list keeps its maximum number of items; one scrolled to its end stays there.
document.addEventListener("htmx:before:swap", () => {
  for (const list of document.querySelectorAll("[data-tail]")) {
    list.dataset.end = String(list.scrollHeight - list.scrollTop - list.clientHeight < 24);
  }
});
document.addEventListener("htmx:after:swap", () => {
  for (const list of document.querySelectorAll("[data-keep]")) trim(list);
  for (const list of document.querySelectorAll('[data-tail][data-end="true"]')) list.scrollTop = list.scrollHeight;
});
for (const list of document.querySelectorAll("[data-tail]")) list.scrollTop = list.scrollHeight;

// A URL with the parameter `new` opens the dialog for a new object.
if (new URLSearchParams(location.search).has("new")) document.querySelector("[data-new]")?.click();
