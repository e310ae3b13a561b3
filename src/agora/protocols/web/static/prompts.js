// The box below a session: shows the form for the agent's state. Text being written moves to the new form.

const box = document.querySelector(".say");

function carryText() {
  const fields = [...box.querySelectorAll("textarea")];
  const shown = fields.find((field) => field.checkVisibility());
  // Text being submitted stays in its form, which is cleared afterwards.
  const hidden = fields.find((field) => field !== shown && field.value && !field.form.matches(".htmx-request"));
  if (!shown || shown.value || !hidden) return;
  shown.value = hidden.value;
  hidden.value = "";
  if (document.activeElement === document.body) shown.focus({ preventScroll: true });
}

if (box) {
  document.addEventListener("htmx:after:swap", carryText);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
  });
  // Scroll a conversation to its end.
  if (!location.hash && !location.search) box.scrollIntoView({ block: "end" });
}
