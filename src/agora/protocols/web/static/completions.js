// Agent fields: the browser suggests matching names from a list fetched from the server.

let waiting = 0;

document.addEventListener("input", (event) => {
  const field = event.target.closest?.("input[data-complete]");
  if (!field || event.inputType === "insertReplacementText") return;
  clearTimeout(waiting);
  waiting = setTimeout(() => suggest(field), 200);
});
document.addEventListener("focusin", (event) => {
  const field = event.target.closest?.("input[data-complete]");
  if (field && !field.list.options.length) suggest(field);
});

async function suggest(field) {
  const address = new URL(field.dataset.complete, location.href);
  if (field.value.trim()) address.searchParams.set("q", field.value.trim());
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const names = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("option");
  field.list.replaceChildren(...names);
}
