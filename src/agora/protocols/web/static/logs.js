// Logs grow at the top. While the user reads one, new rows wait behind a button, so that displayed rows do not move.

const HEADER = 64; // height of the top bar in pixels

const waiting = new Map(); // by list: { rows, count } not shown yet, newest first, at most as many rows as the list keeps

function reading(list) {
  const panel = list.closest(".panel"); // contains the button
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

// Limit a list to its maximum number of rows.
export function trim(list) {
  for (let over = list.children.length - Number(list.dataset.keep); over > 0; over--) list.lastElementChild.remove();
}

// Return whether new rows of a list must wait; if so, they are stored. html: the rows.
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

// Show the waiting rows once the user no longer reads the list.
document.addEventListener("pointerout", () => {
  for (const list of [...waiting.keys()]) if (!list.isConnected) waiting.delete(list);
    else if (!reading(list)) show(list);
});

// The page was refreshed: it contains the waiting rows.
document.addEventListener("agora:refresh", () => {
  for (const list of [...waiting.keys()]) {
    waiting.delete(list);
    label(list);
  }
});
