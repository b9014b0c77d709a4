// The live wall: 1, 4 or 9 pictures, each with its channel, and the steering of the chosen one.

import { attempt, h, icon, show } from "./elements.js";
import { inventory, may, Tree } from "./inventory.js";
import { Player } from "./player.js";
import { Steering } from "./steering.js";
import { t } from "./words.js";

const WALLS = [1, 4, 9];
const KEPT = "wall";

class Cell {
  channel = null;
  #video = h("video", { muted: true, autoplay: true, playsinline: true });
  #title = h("span", { class: "title" });
  #message = h("p", { class: "message" });
  #player = new Player(this.#video, (state, message) => {
    this.element.dataset.state = state;
    show(this.#message, state === "waiting" ? t("player.waiting") : message);
  });
  #stream = "sub";

  constructor(chosen) {
    this.#video.muted = true;
    this.element = h("div", { class: "cell", tabindex: "0", onfocus: () => chosen(this), onclick: () => chosen(this) },
      this.#video,
      h("div", { class: "bar" }, this.#title,
        h("button", { type: "button", class: "stream", onclick: () => this.#switch() }, t("live.sub")),
        h("button", { type: "button", "aria-label": t("live.full"), title: t("live.full"), onclick: () => this.#video.requestFullscreen?.() }, icon("full")),
        h("button", { type: "button", "aria-label": t("close"), title: t("close"), onclick: () => this.clear() }, icon("close"))),
      this.#message);
    this.clear();
  }

  play(channel, stream = this.#stream) {
    this.channel = channel;
    this.#stream = stream;
    this.element.dataset.channel = channel.id;
    show(this.#title, channel.name);
    show(this.element.querySelector(".stream"), stream === "main" ? t("live.main") : t("live.sub"));
    return this.#player.play(`/live/${channel.id}?stream=${stream}`, { again: true });
  }

  clear() {
    this.#player.stop();
    this.channel = null;
    delete this.element.dataset.channel;
    this.element.dataset.state = "empty";
    show(this.#title);
    show(this.#message, t("live.pick"));
  }

  #switch() {
    if (this.channel) this.play(this.channel, this.#stream === "main" ? "sub" : "main");
  }
}

/** Make the page; returns what leaves it and what hears events. */
export async function live(place) {
  let cells = [];
  let chosen = null;
  const steering = new Steering();
  const wall = h("div", { class: "wall" });
  const tree = new Tree((channel) => {
    if (!may(channel, "live")) return;
    place.classList.remove("with-tree");
    const cell = cells.find((one) => !one.channel && one === chosen) ?? cells.find((one) => !one.channel) ?? chosen;
    choose(cell);
    cell.play(channel, cells.length === 1 ? "main" : "sub");
    steering.take(channel);
  });

  function choose(cell) {
    if (chosen === cell) return;
    chosen?.element.classList.remove("chosen");
    chosen = cell;
    cell.element.classList.add("chosen");
    steering.take(cell.channel);
  }

  function build(count) {
    const kept = cells.filter((cell) => cell.channel).slice(0, count);
    for (const cell of cells) if (!kept.includes(cell)) cell.clear();
    while (kept.length < count) kept.push(new Cell(choose));
    cells = kept;
    wall.dataset.count = count;
    localStorage.setItem(KEPT, count);
    show(wall, cells.map((cell) => cell.element));
    for (const button of sizes.children) button.ariaPressed = String(button.value === String(count));
    if (!cells.includes(chosen)) choose(cells[0]);
  }

  const sizes = h("div", { class: "segments", role: "group", "aria-label": t("live.wall") },
    WALLS.map((count) => h("button", { type: "button", value: String(count), onclick: () => build(count) }, String(count))));
  show(place, h("div", { class: "live" },
    tree.element,
    h("section", { class: "stage" },
      h("header", {},
        h("button", { type: "button", class: "tree-button", onclick: () => place.classList.toggle("with-tree") }, icon("menu"), t("tree.title")),
        sizes),
      wall),
    steering.element));
  build(Number(localStorage.getItem(KEPT)) || (matchMedia("(max-width: 720px)").matches ? 1 : 4));
  const refill = () => attempt(async () => tree.fill(await inventory()));
  await refill();
  return {
    leave: () => cells.forEach((cell) => cell.clear()),
    heard: (event) => {
      if (["device-online", "device-offline", "channel-online", "channel-offline", "channels-changed", "device-added", "device-removed"].includes(event.type)) refill();
      if (event.type === "control") steering.heard(event);
    },
  };
}
