// Says whether what is shown is live, and keeps what grows within bounds.

const said = { live: "Live", joining: "Reconnecting", lost: "Offline" };

function say(state) {
  for (const element of document.querySelectorAll(".link")) {
    if (element.dataset.state === state) continue;
    element.dataset.state = state;
    element.querySelector("[data-word]").textContent = said[state];
  }
}

const streams = (event) => event.target.closest?.("[hx-sse\\:connect]");

document.addEventListener("htmx:sse:after:connection", () => say("live"));
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt > 0) say(navigator.onLine ? "joining" : "lost");
});
document.addEventListener("htmx:sse:error", () => say(navigator.onLine ? "joining" : "lost"));
addEventListener("offline", () => say("lost"));
addEventListener("online", () => say("joining"));

// The extension comes back by itself once it was connected. If the first try fails, it is tried again here.
document.addEventListener("htmx:error", (event) => {
  const element = streams(event);
  if (!element || element._htmx?.sse) return;
  say("lost");
  setTimeout(() => element.isConnected && htmx.process(element), 2000);
});

// A message is named after a piece of the page: what it holds is swapped in there.
document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  if (message.event === "reload") location.reload();
  const piece = document.getElementById(`live-${message.event}`);
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
