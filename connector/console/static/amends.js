// What the console does besides answering forms and links, which work without it: keys, a live first page, and times
// told in the reader's own zone beside UTC.
"use strict";

const LOOK_MS = 5000;
const inField = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function showTimes(root) {
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) time.title = local.format(new Date(time.dateTime));
}

function move(step) {
  const rows = [...document.querySelectorAll("table.rows tbody tr")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("here"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  rows.forEach((row) => row.classList.toggle("here", row === next));
  next.querySelector("a")?.focus();
  next.scrollIntoView({ block: "nearest" });
}

let before = "";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
  const key = event.key;
  if (before === "g") {
    const link = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    before = "";
    if (link) link.click();
    return;
  }
  before = key;
  if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "?") document.getElementById("help")?.showModal();
  else if (key === "/") {
    document.getElementById("find")?.focus();
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.id === "help-open") document.getElementById("help").showModal();
  if (event.target.id === "try") htmx.trigger("form.editor", "try");
});

document.addEventListener("DOMContentLoaded", () => {
  showTimes(document);
  if (document.querySelector("[data-live]")) {
    setInterval(() => {
      // Not while somebody is in the middle of it, nor where nobody looks.
      const busy = document.activeElement?.closest("[data-live]");
      if (document.visibilityState === "visible" && !busy) document.body.dispatchEvent(new Event("look"));
    }, LOOK_MS);
  }
});

// Whoever had the focus in a part that was exchanged, and whose button or field is not there any more, goes on in what
// came in its place, not at the top of the page; and what that says is said aloud, too.
let within = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  within = event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSwap", (event) => showTimes(event.target));
document.addEventListener("htmx:afterSettle", (event) => {
  const part = document.getElementById(event.detail.target.id) ?? event.detail.elt;
  const said = part.querySelector("[role=status], [role=alert]");
  if (said && !part.closest("[aria-live=polite]")) document.getElementById("aloud").textContent = said.textContent;
  if (within && (document.activeElement ?? document.body) === document.body) {
    const next = part.querySelector("h2, h3") ?? part;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }
  within = false;
});
