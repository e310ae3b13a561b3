// The board: dragging a queued job moves it beside another job or to another priority. The forms on its card do the same
// without a pointer.

const findRank = (event) => event.target instanceof Element && event.target.closest(".rank");
let card = null;

const mark = (rank) => {
  for (const marked of document.querySelectorAll(".rank.over")) if (marked !== rank) marked.classList.remove("over");
  rank?.classList.add("over");
};

/** Find the first other card of a rank whose middle is below the pointer; undefined at its end. */
const findNext = (rank, y) =>
  [...rank.querySelectorAll(".card")].find((other) => {
    const { top, height } = other.getBoundingClientRect();
    return other.id !== card.id && y < top + height / 2;
  });

const findTask = (other) => other?.id.slice("card-".length) ?? "";

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
  const own = document.getElementById(card.id); // the lists are rendered again while a card is dragged
  const form = own?.querySelector("form");
  if (!form) return;
  const others = [...rank.querySelectorAll(".card")].filter((other) => other.id !== card.id);
  const next = findNext(rank, event.clientY);
  const stays = own.parentElement === rank && own.nextElementSibling?.id === next?.id;
  if (stays) return;
  form.querySelector("select[name=priority]").value = rank.dataset.priority;
  form.querySelector("input[name=before]").value = findTask(next);
  form.querySelector("input[name=after]").value = next ? "" : findTask(others.at(-1));
  form.requestSubmit();
});

document.addEventListener("dragend", () => {
  card = null;
  mark(null);
});
