// The box below a session: which of its forms is shown follows from what the agent does. What is being written moves along.

const box = document.querySelector(".say");

function carryText() {
  const fields = [...box.querySelectorAll("textarea")];
  const shown = fields.find((field) => field.checkVisibility());
  // What is being sent stays where it is: it is gone once it has arrived.
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
  // A conversation is read at its end.
  if (!location.hash && !location.search) box.scrollIntoView({ block: "end" });
}
