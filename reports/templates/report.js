"use strict";
const element = (id) => document.getElementById(id);
const every = (selector) => Array.from(document.querySelectorAll(selector));

function filterRequirements() {
  const wanted = element("verdict-filter").value;
  const words = element("text-filter").value.trim().toLowerCase();
  let shown = 0;
  for (const article of every("article.requirement")) {
    const byVerdict = wanted === "" || (wanted === "judged" ? article.dataset.judged === "1" : article.dataset.verdict === wanted);
    const byText = words === "" || article.textContent.toLowerCase().includes(words);
    article.hidden = !(byVerdict && byText);
    shown += article.hidden ? 0 : 1;
  }
  element("nothing-found").hidden = shown > 0;
}

function filterCameras() {
  const table = element("cameras");
  if (!table) return;
  const words = element("camera-filter").value.trim().toLowerCase();
  const verdict = element("camera-verdict").value;
  const faulty = element("camera-faulty").checked;
  for (const row of Array.from(table.rows).slice(1)) {
    const open = row.querySelector(".chip.fail, .chip.error, .chip.inconclusive, .chip.pending, .chip.advisory") !== null;
    const has = verdict === "" || row.querySelector(".chip." + verdict) !== null;
    row.hidden = (faulty && !open) || !has || !row.cells[0].textContent.toLowerCase().includes(words);
  }
}

function showTarget() {
  const target = location.hash ? element(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  target.hidden = false;
  const details = target.querySelector("details");
  if (details) details.open = true;
  target.scrollIntoView();
}

function openAll(open) {
  for (const details of every("article.requirement:not([hidden]) details")) details.open = open;
}

element("verdict-filter").addEventListener("change", filterRequirements);
element("text-filter").addEventListener("input", filterRequirements);
element("open-all").addEventListener("click", () => openAll(true));
element("close-all").addEventListener("click", () => openAll(false));
for (const id of ["camera-filter", "camera-verdict", "camera-faulty"]) {
  if (element(id)) element(id).addEventListener("input", filterCameras);
}
for (const image of every(".evidence img")) image.addEventListener("click", () => image.classList.toggle("large"));
window.addEventListener("hashchange", showTarget);
window.addEventListener("beforeprint", () => openAll(true));
filterRequirements();
showTarget();
