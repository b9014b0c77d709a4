// Playback of a channel and a day, from the platform's recordings or from the device.

import { get, post, query, remove } from "./api.js";
import { attempt, h, icon, show, tell } from "./elements.js";
import { inventory, may, Tree } from "./inventory.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";
import { coded, iso, midnight, moment, t, today } from "./words.js";

const SCALES = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16];
const DAY_S = 86400;
const LOOK_MS = 500;

const shownScale = (scale) => (scale < 1 ? `1/${1 / scale}×` : `${scale}×`);

/** Make the page; returns what leaves it. */
export async function playback(place) {
  let channel = null;
  let running = null;
  let timer = 0;
  const video = h("video", { playsinline: true });
  video.muted = true;
  const message = h("p", { class: "message" }, t("playback.pick"));
  const clock = h("output", { class: "clock" });
  const player = new Player(video, (state, words) => {
    screen.dataset.state = state;
    show(message, state === "waiting" ? t("player.waiting") : words);
  });
  const screen = h("div", { class: "cell", "data-state": "empty" }, video, message);
  const date = h("input", { type: "date", value: today(), max: today(), "aria-label": t("playback.date"), onchange: () => look() });
  const source = h("select", { "aria-label": t("playback.source"), onchange: () => look() },
    h("option", { value: "platform" }, t("playback.source-platform")), h("option", { value: "device" }, t("playback.source-device")));
  const timeline = new Timeline((seconds) => (running ? steer({ action: "seek", position: iso(seconds) }) : begin(seconds)));
  const pause = h("button", { type: "button", class: "primary", disabled: true, onclick: toggle }, icon("play"));
  const scale = h("select", { disabled: true, "aria-label": t("playback.scale"), onchange: () => steer({ action: "scale", scale: Number(scale.value) }) },
    SCALES.map((each) => h("option", { value: String(each), selected: each === 1 }, shownScale(each))));
  const tree = new Tree(async (picked) => {
    if (!may(picked, "playback")) return;
    place.classList.remove("with-tree");
    await end();
    channel = picked;
    show(title, picked.name);
    await look();
  });
  const title = h("strong", {}, t("playback.no-channel"));

  async function look() {
    if (!channel) return;
    await end();
    const day = midnight(date.value);
    const path = source.value === "device" ? "/device-recordings" : "/recordings";
    await attempt(async () => {
      const found = await get(query(path, { channel: channel.id, start: iso(day), end: iso(Math.min(day + DAY_S, Date.now() / 1000)) }));
      timeline.fill(day, found);
      show(message, found.spans.length ? t("playback.choose") : t("playback.none"));
    });
  }

  async function begin(seconds) {
    if (!channel) return;
    const day = midnight(date.value);
    await attempt(async () => {
      running = await post("/playbacks", {
        channel: channel.id, start: iso(seconds), end: iso(Math.min(day + DAY_S, Date.now() / 1000)), source: source.value,
      });
      told(running);
      player.play(`/playbacks/${running.id}/stream`);
      timer = setInterval(watch, LOOK_MS);
    });
  }

  async function watch() {
    const { id } = running ?? {};
    if (!id) return;
    try {
      const found = await get(`/playbacks/${id}`);
      if (running?.id === id) told(found);
    } catch {
      clearInterval(timer);
    }
  }

  function told(found) {
    const gap = found.gap && found.gap.end !== running?.gap?.end ? found.gap : null;
    running = found;
    pause.disabled = scale.disabled = ["ended", "failed", "closed"].includes(found.state);
    show(pause, icon(found.state === "paused" ? "play" : "pause"));
    pause.ariaLabel = found.state === "paused" ? t("playback.resume") : t("playback.pause");
    scale.value = String(found.scale);
    show(clock, moment(found.position));
    timeline.at(Date.parse(found.position) / 1000);
    if (gap) tell(t("playback.gap", { start: moment(gap.start), end: moment(gap.end) }));
    if (found.state === "failed") show(message, coded("refusal", found.error));
    if (found.state === "ended" || found.state === "failed") {
      clearInterval(timer);
      running = null;
    }
  }

  function toggle() {
    return steer({ action: running?.state === "paused" ? "resume" : "pause" });
  }

  function steer(command) {
    if (!running) return null;
    return attempt(async () => told(await post(`/playbacks/${running.id}/control`, command)));
  }

  async function end() {
    clearInterval(timer);
    player.stop();
    const ended = running;
    running = null;
    pause.disabled = scale.disabled = true;
    if (ended) await remove(`/playbacks/${ended.id}`).catch(() => {}); // it may be over already
  }

  show(place, h("div", { class: "playback" },
    tree.element,
    h("section", { class: "stage" },
      h("header", {},
        h("button", { type: "button", class: "tree-button", onclick: () => place.classList.toggle("with-tree") }, icon("menu"), t("tree.title")),
        title, date, source),
      h("div", { class: "wall", "data-count": "1" }, screen),
      h("div", { class: "controls" }, pause, scale, clock),
      timeline.element)));
  await attempt(async () => tree.fill(await inventory()));
  return { leave: end };
}
