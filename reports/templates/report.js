"use strict";
const verdictFilter = document.getElementById("verdict-filter");
const textFilter = document.getElementById("text-filter");
function filterRequirements() {
  const wanted = verdictFilter.value;
  const words = textFilter.value.trim().toLowerCase();
  for (const article of document.querySelectorAll("article.requirement")) {
    const verdict = article.dataset.verdict;
    const byVerdict = wanted === "" || (wanted === "judged" ? article.dataset.judged === "1" : verdict === wanted);
    const byText = words === "" || article.textContent.toLowerCase().includes(words);
    article.hidden = !(byVerdict && byText);
  }
}
function filterCameras() {
  const table = document.getElementById("cameras");
  if (!table) return;
  const words = document.getElementById("camera-filter").value.trim().toLowerCase();
  const faulty = document.getElementById("camera-faulty").checked;
  for (const row of Array.from(table.rows).slice(1)) {
    const open = row.querySelector(".chip.fail, .chip.error, .chip.inconclusive, .chip.pending") !== null;
    row.hidden = (faulty && !open) || !row.cells[0].textContent.toLowerCase().includes(words);
  }
}
function showTarget() {
  const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  target.hidden = false;
  const details = target.querySelector("details");
  if (details) details.open = true;
  target.scrollIntoView();
}
verdictFilter.addEventListener("change", filterRequirements);
textFilter.addEventListener("input", filterRequirements);
for (const id of ["camera-filter", "camera-faulty"]) {
  const control = document.getElementById(id);
  if (control) control.addEventListener("input", filterCameras);
}
window.addEventListener("hashchange", showTarget);
filterRequirements();
showTarget();
