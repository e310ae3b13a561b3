// Theme: light, dark, or that of the system. Runs before the first paint, so it is not a module.
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("agora-theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const say = () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.setAttribute("aria-pressed", String(dark()));
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    localStorage.setItem("agora-theme", root.dataset.theme);
    say();
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.hidden = false;
    say();
  });
})();
