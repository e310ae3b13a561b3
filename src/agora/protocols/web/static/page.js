// The page as a whole: bringing it up to date in place, and knowing whether somebody is writing in it.

export const written = (dialog) =>
  [...dialog.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue);

export const writing = () => [...document.querySelectorAll("dialog[open]")].some(written);

// The page as the server renders it now; null where the session has ended or there is no such page any more.
export async function fetchPage() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok || response.redirected) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Bring the page up to date without losing scroll position, focus, open details, or answers that the server does not repeat.
export async function refreshPage() {
  const page = await fetchPage();
  const content = page?.getElementById("main");
  if (!content) {
    location.assign(document.querySelector("main .crumb")?.href ?? "/v1/monitor/");
    return;
  }
  const main = document.getElementById("main");
  for (const answer of main.querySelectorAll("[data-retain]")) {
    content.querySelector(`#${answer.id}`)?.replaceChildren(...answer.cloneNode(true).childNodes);
  }
  document.dispatchEvent(new CustomEvent("agora:refresh"));
  await htmx.swap({ sourceElement: main, target: main, swap: "innerMorph", text: content.innerHTML });
}
