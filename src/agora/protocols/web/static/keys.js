// Keyboard shortcuts: g and a letter opens a page, / searches, n creates an object, ? shows the shortcuts.
// The letters of pages are in their links (data-key).

let leader = 0;

const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");

function go(key) {
  const link = document.querySelector(`nav [data-key="${CSS.escape(key)}"]`);
  if (link) link.click();
  return Boolean(link);
}

const plain = {
  "/": () => {
    const field = document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]");
    field?.focus();
    field?.select();
    return Boolean(field);
  },
  "?": () => {
    const help = document.getElementById("help");
    if (help && !help.open) help.showModal();
    return Boolean(help);
  },
  n: () => {
    const button = document.querySelector("[data-new]");
    button?.click();
    return Boolean(button);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const led = Date.now() - leader < 1200;
  leader = 0;
  if (led && go(event.key)) event.preventDefault();
  else if (event.key === "g") leader = Date.now();
  else if (plain[event.key]?.()) event.preventDefault();
});
