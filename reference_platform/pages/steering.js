// The panel that steers a camera: direction pad, zoom, focus, presets, light, and who holds it.

import { get, post, remove } from "./api.js";
import { ask, attempt, h, icon, show } from "./elements.js";
import { may } from "./inventory.js";
import { t } from "./words.js";

const FULL = 1;

/** Steers whatever channel it was last given. */
export class Steering {
  #channel = null;
  #holder = h("p", { class: "holder", role: "status" });
  #presets = h("div", { class: "presets" });
  #speed = h("input", { type: "range", min: "0.1", max: "1", step: "0.1", value: "0.5", "aria-label": t("steering.speed") });
  #timer = 0;

  constructor() {
    this.element = h("section", { class: "steering", hidden: true, "aria-label": t("steering.title") },
      h("h2", {}, t("steering.title")),
      this.#holder,
      h("div", { class: "pad" },
        this.#hold("up", t("steering.up"), { tilt: FULL }), this.#hold("left", t("steering.left"), { pan: -FULL }),
        this.#hold("right", t("steering.right"), { pan: FULL }), this.#hold("down", t("steering.down"), { tilt: -FULL })),
      h("label", { class: "speed" }, t("steering.speed"), this.#speed),
      h("div", { class: "pairs" },
        h("span", {}, t("steering.zoom")), this.#hold("minus", t("steering.zoom-out"), { command: "zoom", zoom: -FULL }), this.#hold("plus", t("steering.zoom-in"), { command: "zoom", zoom: FULL }),
        h("span", {}, t("steering.focus")), this.#hold("minus", t("steering.focus-far"), { command: "focus", focus: -FULL }), this.#hold("plus", t("steering.focus-near"), { command: "focus", focus: FULL }),
        h("span", {}, t("steering.light")), this.#once(t("off"), { command: "light", on: false }), this.#once(t("on"), { command: "light", on: true }),
        h("span", {}, t("steering.alarm-output")), this.#once(t("off"), { command: "alarm-output", on: false }), this.#once(t("on"), { command: "alarm-output", on: true })),
      h("h3", {}, t("steering.presets")),
      this.#presets,
      h("button", { type: "button", onclick: () => this.#release() }, t("steering.release")));
  }

  /** Steer this channel from now on; nothing is shown where the user may not. */
  async take(channel) {
    clearInterval(this.#timer);
    this.#channel = channel;
    this.element.hidden = !may(channel, "control");
    if (this.element.hidden) return;
    await attempt(async () => {
      const [state] = await Promise.all([get(`/channels/${channel.id}/control`), this.#list()]);
      this.#held(state);
    });
  }

  /** Somebody, perhaps oneself, took or let go of a camera. */
  async heard(event) {
    if (this.element.hidden || event.channel !== this.#channel?.id) return;
    await attempt(async () => this.#held(await get(`/channels/${this.#channel.id}/control`)));
  }

  #hold(drawing, words, command) {
    const begin = (event) => {
      event.preventDefault();
      const speed = command.command === undefined ? { speed: Number(this.#speed.value) } : {};
      this.#send({ command: "move", ...command, ...speed });
    };
    const end = () => this.#send({ command: "stop" });
    let held = false;
    const press = (event) => { if (!held) { held = true; begin(event); } };
    const lift = () => { if (held) { held = false; end(); } };
    return h("button", {
      type: "button", class: `key ${drawing}`, title: words, "aria-label": words,
      onpointerdown: press, onpointerup: lift, onpointerleave: lift, onpointercancel: lift,
      onkeydown: (event) => { if (event.key === " " || event.key === "Enter") press(event); },
      onkeyup: lift, onblur: lift,
    }, icon(drawing));
  }

  #once(words, command) {
    return h("button", { type: "button", onclick: () => this.#send(command) }, words);
  }

  async #send(command) {
    await attempt(async () => this.#held(await post(`/channels/${this.#channel.id}/control`, command)));
  }

  async #release() {
    await attempt(async () => this.#held(await post(`/channels/${this.#channel.id}/control/release`)));
  }

  #held(state) {
    clearInterval(this.#timer);
    const until = Date.now() + state.remaining_s * 1000;
    const draw = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (!state.holder || left <= 0) {
        clearInterval(this.#timer);
        show(this.#holder, t("steering.free"));
      } else {
        show(this.#holder, t("steering.held", { holder: state.holder, level: state.level, seconds: left }));
      }
    };
    draw();
    if (state.holder) this.#timer = setInterval(draw, 1000);
  }

  async #list() {
    const id = this.#channel.id;
    const presets = await get(`/channels/${id}/presets`);
    const keeps = may(this.#channel, "preset");
    show(this.#presets, presets.map((preset) => h("div", { class: "preset" },
      h("button", { type: "button", onclick: () => this.#send({ command: "preset-goto", preset: preset.number }) },
        `${preset.number} · ${preset.name}`, preset.home ? h("span", { class: "badge" }, t("steering.home")) : null),
      keeps && h("button", {
        type: "button", class: "plain", "aria-label": t("delete"), title: t("delete"),
        onclick: () => attempt(async () => { await remove(`/channels/${id}/presets/${preset.number}`); await this.#list(); }),
      }, icon("close")))),
    presets.length ? null : h("p", { class: "empty" }, t("steering.no-preset")),
    keeps && h("button", { type: "button", onclick: () => this.#keep(presets) }, t("steering.keep")));
  }

  async #keep(presets) {
    const free = Math.max(0, ...presets.map((preset) => preset.number)) + 1;
    const fields = [
      { name: "number", label: t("steering.number"), type: "number", min: 1, max: 255, required: true },
      { name: "name", label: t("name"), required: true, longest: 64 },
      { name: "home", label: t("steering.home"), type: "check", hint: t("steering.home-hint") },
    ];
    await ask(t("steering.keep"), fields, { number: free }, (values) => post(`/channels/${this.#channel.id}/presets`, values));
    await attempt(() => this.#list());
  }
}
