// A day as a line: recorded stretches, gaps with their reasons, the place that is shown now.

import { h, show } from "./elements.js";
import { coded, midnight, moment, t, today } from "./words.js";

const DAY_S = 86400;
const SPANS_S = [DAY_S, 6 * 3600, 3600, 600];
const MARKS = 6;

/** Shows recordings between two moments; `picked(seconds)` when a place is chosen. */
export class Timeline {
  #picked;
  #start = midnight(today());
  #length = DAY_S;
  #day = this.#start;
  #spans = [];
  #gaps = [];
  #position = null;
  #latest = null;
  #tracks = h("div", { class: "tracks" });
  #marks = h("div", { class: "marks" });
  #needle = h("div", { class: "needle" });
  #hover = h("output", { class: "hover" });

  constructor(picked) {
    this.#picked = picked;
    this.line = h("div", {
      class: "line", role: "slider", tabindex: "0", "aria-label": t("playback.timeline"),
      onpointermove: (event) => show(this.#hover, moment(this.#at(event) * 1000)),
      onpointerleave: () => show(this.#hover),
      onclick: (event) => this.#picked(this.#at(event)),
      onkeydown: (event) => this.#key(event),
    }, this.#tracks, this.#needle);
    this.element = h("div", { class: "timeline" },
      h("div", { class: "tools" },
        h("button", { type: "button", "aria-label": t("playback.earlier"), onclick: () => this.#move(-0.5) }, "‹"),
        h("div", { class: "segments" }, SPANS_S.map((seconds) => h("button", {
          type: "button", value: String(seconds), onclick: () => this.zoom(seconds),
        }, t(`playback.span-${seconds}`)))),
        h("button", { type: "button", "aria-label": t("playback.later"), onclick: () => this.#move(0.5) }, "›"),
        this.#hover),
      this.line, this.#marks);
    this.zoom(DAY_S);
  }

  /** Show a day (its midnight, seconds) with what is recorded in it. */
  fill(day, { spans, gaps }) {
    const seconds = (text) => Date.parse(text) / 1000;
    if (day !== this.#day) this.#start = day;
    this.#day = day;
    this.#spans = spans.map((span) => ({ start: seconds(span.start), end: seconds(span.end) }));
    this.#gaps = gaps.map((gap) => ({ start: seconds(gap.start), end: seconds(gap.end), reason: gap.reason }));
    this.#position = null;
    this.#latest = this.#spans.at(-1)?.start ?? null;
    this.zoom(this.#length);
  }

  /** Show this many seconds, around the place that is shown now or else the latest recording. */
  zoom(seconds) {
    const middle = this.#position ?? this.#latest ?? this.#start + this.#length / 2;
    this.#length = seconds;
    this.#begin(middle - seconds / 2);
    for (const button of this.element.querySelectorAll(".segments button")) {
      button.ariaPressed = String(button.value === String(seconds));
    }
  }

  /** Mark the place that is shown now. */
  at(seconds) {
    this.#position = seconds;
    if (seconds < this.#start || seconds > this.#start + this.#length) this.#begin(seconds - this.#length / 4);
    else this.#draw();
  }

  #begin(start) {
    this.#start = Math.min(Math.max(start, this.#day), this.#day + DAY_S - this.#length);
    this.#draw();
  }

  #move(share) {
    this.#begin(this.#start + share * this.#length);
  }

  #at(event) {
    const box = this.line.getBoundingClientRect();
    return this.#start + ((event.clientX - box.left) / box.width) * this.#length;
  }

  #key(event) {
    const step = { ArrowLeft: -10, ArrowRight: 10, PageUp: -300, PageDown: 300 }[event.key];
    if (step === undefined || this.#position === null) return;
    event.preventDefault();
    this.#picked(this.#position + step);
  }

  #place(element, { start, end }) {
    element.style.left = `${((start - this.#start) / this.#length) * 100}%`;
    if (end !== undefined) element.style.width = `${((end - start) / this.#length) * 100}%`;
    return element;
  }

  #draw() {
    const inside = ({ start, end }) => end > this.#start && start < this.#start + this.#length;
    show(this.#tracks,
      this.#spans.filter(inside).map((span) => this.#place(h("i", { class: "span" }), span)),
      this.#gaps.filter(inside).map((gap) => this.#place(h("i", { class: "gap", title: coded("gap", gap.reason) }), gap)));
    this.#needle.hidden = this.#position === null;
    if (this.#position !== null) this.#place(this.#needle, { start: this.#position });
    this.line.ariaValueText = this.#position === null ? "" : moment(this.#position * 1000);
    const step = this.#length / MARKS;
    show(this.#marks, Array.from({ length: MARKS }, (_, index) => {
      const at = moment((this.#start + index * step) * 1000);
      return h("span", {}, at.slice(11, this.#length < 3600 ? 19 : 16));
    }));
  }
}
