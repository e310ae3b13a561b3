// The page as a whole: refreshes it in place, and detects whether the user is writing in it.

export const written = (dialog) =>
  [...dialog.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue);

export const writing = () => [...document.querySelectorAll("dialog[open]")].some(written);

// Fetch the page as rendered now; null if the session has ended or the page no longer exists.
export async function fetchPage() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok || response.redirected) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Refresh the page, keeping scroll position, focus, open details, and answers that the server does not repeat.
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
