// The board: a queued job that is dragged to another priority gets it. The form on its card does the same without a pointer.

const findRank = (event) => event.target instanceof Element && event.target.closest(".rank");
let card = null;

const mark = (rank) => {
  for (const marked of document.querySelectorAll(".rank.over")) if (marked !== rank) marked.classList.remove("over");
  rank?.classList.add("over");
};

document.addEventListener("dragstart", (event) => {
  card = event.target instanceof Element ? event.target.closest(".rank .card[draggable]") : null;
  if (card) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  const rank = card && findRank(event);
  if (rank) event.preventDefault();
  mark(rank || null);
});

document.addEventListener("drop", (event) => {
  const rank = card && findRank(event);
  if (!rank) return;
  event.preventDefault();
  const form = document.getElementById(card.id)?.querySelector("form");
  if (form && form.priority.value !== rank.dataset.priority) {
    form.priority.value = rank.dataset.priority;
    form.requestSubmit();
  }
});

document.addEventListener("dragend", () => {
  card = null;
  mark(null);
});
