// Times: <time data-time="FORM">, or an SVG text with data-at. The server renders them absolute and in UTC; this script shows
// them in the user's time zone, or in UTC if chosen, with the exact time as tooltip.
//
//   ago    "3 min. ago"; after a week the date
//   clock  "18:16:23", with the date unless it is today
//   full   date, time and zone

const KEY = "agora-times";
const locale = document.documentElement.lang || "en";
const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
const WEEK = 7 * 86400;

let formats = {};

function chooseZone() {
  const timeZone = localStorage.getItem(KEY) === "utc" ? "UTC" : undefined;
  const format = (options) => new Intl.DateTimeFormat(locale, { ...options, timeZone });
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  formats = {
    day: format({ day: "numeric", month: "short", year: "numeric" }),
    clock: format(time),
    full: format({ day: "numeric", month: "short", year: "numeric", ...time, timeZoneName: "short" }),
  };
  for (const button of document.querySelectorAll("[data-zone-switch]")) {
    button.hidden = false;
    button.querySelector("[data-word]").textContent = timeZone ?? "local";
  }
}

const forms = {
  full: (then) => formats.full.format(then),
  clock(then) {
    const day = formats.day.format(then);
    const clock = formats.clock.format(then);
    return day === formats.day.format(Date.now()) ? clock : `${day}, ${clock}`;
  },
  ago(then) {
    const seconds = Math.round((then - Date.now()) / 1000);
    if (Math.abs(seconds) > WEEK) return formats.day.format(then);
    const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    return Math.abs(seconds) < 5 ? "now" : words.format(Math.trunc(seconds / size), unit);
  },
};

function tell(element) {
  const then = Date.parse(element.dateTime ?? element.dataset.at);
  const form = forms[element.dataset.time];
  if (Number.isNaN(then) || !form) return;
  const text = form(then);
  if (element.textContent !== text) element.textContent = text;
  const exact = formats.full.format(then);
  if (element.title !== undefined && element.title !== exact) element.title = exact;
}

function tellAll() {
  for (const element of document.querySelectorAll("[data-time]")) tell(element);
}

function changeZone() {
  chooseZone();
  tellAll();
}

changeZone();
setInterval(() => document.hidden || tellAll(), 10_000);
for (const change of ["htmx:after:swap", "agora:rows", "visibilitychange"]) {
  document.addEventListener(change, () => document.hidden || tellAll());
}
addEventListener("storage", (event) => event.key === KEY && changeZone());
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-zone-switch]")) return;
  localStorage.setItem(KEY, localStorage.getItem(KEY) === "utc" ? "local" : "utc");
  changeZone();
});
