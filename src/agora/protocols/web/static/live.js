// Says whether what is shown is live, puts what comes where it belongs, and keeps what grows within bounds.

const said = { live: "Live", joining: "Reconnecting", lost: "Offline" };
const stream = "[hx-sse\\:connect]";

function say(state) {
  for (const element of document.querySelectorAll(".link")) {
    if (element.dataset.state === state) continue;
    element.dataset.state = state;
    element.querySelector("[data-word]").textContent = said[state];
  }
}

const interrupted = () => say(navigator.onLine ? "joining" : "lost");

document.addEventListener("htmx:sse:after:connection", () => say("live"));
document.addEventListener("htmx:sse:error", (event) => {
  interrupted();
  if ([401, 403].includes(event.detail.status)) location.reload(); // the session has ended: sign in again
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

// A message is named after a piece of the page: what it holds is swapped in there.
document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  if (message.event === "reload") location.reload();
  const piece = message.event && document.getElementById(`live-${message.event}`);
  if (!piece) return;
  const swap = piece.dataset.swap ?? "innerMorph";
  message.data = `<hx-partial hx-target="#${piece.id}" hx-swap="${swap}">${message.data}</hx-partial>`;
  message.event = "";
});

// A list that grows at one end keeps as many as it says, and one that is read at its end stays there.
document.addEventListener("htmx:before:swap", () => {
  for (const list of document.querySelectorAll("[data-tail]")) {
    list.dataset.end = String(list.scrollHeight - list.scrollTop - list.clientHeight < 24);
  }
});
document.addEventListener("htmx:after:swap", () => {
  for (const list of document.querySelectorAll("[data-keep]")) {
    const over = list.children.length - Number(list.dataset.keep);
    for (let i = 0; i < over; i++) list.lastElementChild.remove();
  }
  for (const list of document.querySelectorAll('[data-tail][data-end="true"]')) list.scrollTop = list.scrollHeight;
});
for (const list of document.querySelectorAll("[data-tail]")) list.scrollTop = list.scrollHeight;

// An address that asks for something new opens the dialog for it.
if (new URLSearchParams(location.search).has("new")) document.querySelector("[data-new]")?.click();
