// Says whether what is shown is live, puts what comes where it belongs, and keeps what grows within bounds.

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

// Load the page anew; what somebody is writing is kept, and the page says instead that it is not live any more.
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
  // A connection from before may hang for minutes: end it, and the extension makes a new one, from where it was.
  for (const element of document.querySelectorAll(stream)) element._htmx?.sse?.reader?.cancel();
});

// The extension comes back by itself once it was connected. If the first try fails, it is tried again here.
document.addEventListener("htmx:error", (event) => {
  const element = event.target.closest?.(stream);
  if (!element || element._htmx?.sse) return;
  interrupted();
  setTimeout(() => element.isConnected && htmx.process(element), 2000);
});

// Rows that have not changed come as empty elements: a copy of what is shown takes their place. Null if one is not shown.
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

// A message is named after a piece of the page: what it holds is swapped in there.
document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  if (message.event === "reload") reload();
  const piece = message.event && document.getElementById(`live-${message.event}`);
  if (!piece) return;
  // A form in the piece that is being sent goes with what it has done: its answer is shown first.
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

// A list that grows at one end keeps as many as it says, and one that is read at its end stays there.
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

// An address that asks for something new opens the dialog for it.
if (new URLSearchParams(location.search).has("new")) document.querySelector("[data-new]")?.click();
