// Times as people say them: "3 min ago", kept true while the page is open, the exact one as a tooltip.

const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];

function tell(element) {
  const then = Date.parse(element.dateTime);
  if (Number.isNaN(then)) return;
  const seconds = Math.round((then - Date.now()) / 1000);
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  const said = Math.abs(seconds) < 5 ? "now" : words.format(Math.trunc(seconds / size), unit);
  if (element.textContent !== said) element.textContent = said;
  if (!element.title) element.title = exact.format(then);
}

function tellAll(root = document) {
  for (const element of root.querySelectorAll("time[data-ago]")) tell(element);
}

tellAll();
setInterval(() => document.hidden || tellAll(), 10_000);
for (const change of ["htmx:after:swap", "agora:rows"]) document.addEventListener(change, () => tellAll());
document.addEventListener("visibilitychange", () => document.hidden || tellAll());
