// Logs grow at their top. While somebody reads one, what is new waits behind a button, so that no row moves under the reader.

const HEADER = 64; // pixels that the bar at the top covers

const waiting = new Map(); // by list: { rows, count } that are not shown yet, the newest first; no more rows than it keeps

function reading(list) {
  const panel = list.closest(".panel"); // with the button
  return panel.matches(":hover") || list.matches(":focus-within") || list.getBoundingClientRect().top < HEADER;
}

function buttonOf(list) {
  let button = list.previousElementSibling;
  if (!button?.matches(".newer")) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "newer first";
    button.addEventListener("click", () => {
      show(list);
      list.scrollIntoView({ block: "start" });
    });
    list.before(button);
  }
  return button;
}

function label(list) {
  const count = waiting.get(list)?.count ?? 0;
  const button = buttonOf(list);
  button.hidden = count === 0;
  button.textContent = `${count} new ↑`;
}

function show(list) {
  const { rows } = waiting.get(list) ?? {};
  if (!rows) return;
  waiting.delete(list);
  list.prepend(...rows.children);
  trim(list);
  label(list);
  document.dispatchEvent(new CustomEvent("agora:rows"));
}

// A list keeps as many rows as it says.
export function trim(list) {
  for (let over = list.children.length - Number(list.dataset.keep); over > 0; over--) list.lastElementChild.remove();
}

// Whether rows that arrive for a list are to wait; they are taken if so. html: the rows.
export function hold(list, html) {
  if (!waiting.has(list) && !reading(list)) return false;
  const template = document.createElement("template");
  template.innerHTML = html;
  const { rows, count } = waiting.get(list) ?? { rows: document.createDocumentFragment(), count: 0 };
  const added = template.content.children.length;
  rows.prepend(...template.content.children);
  while (rows.children.length > Number(list.dataset.keep)) rows.lastElementChild.remove();
  waiting.set(list, { rows, count: count + added });
  label(list);
  return true;
}

// Whoever leaves a log at its top has read it.
document.addEventListener("pointerout", () => {
  for (const list of [...waiting.keys()]) if (!list.isConnected) waiting.delete(list);
    else if (!reading(list)) show(list);
});

// The page as a whole is brought up to date: what waits is part of it.
document.addEventListener("agora:refresh", () => {
  for (const list of [...waiting.keys()]) {
    waiting.delete(list);
    label(list);
  }
});
