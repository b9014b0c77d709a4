// Plays the platform's fragmented MP4: fetch() brings it, Media Source Extensions show it.

import { fetched } from "./api.js";
import { t } from "./words.js";

const AHEAD_S = 1.2; // further behind the newest picture than this, the player jumps
const RESERVE_S = 0.6; // in hand after a jump: pictures come in portions, and not evenly
const KEPT_S = 15;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;

/** The codec string that the stream's own header names (avcC: profile, constraints, level). */
function codecOf(bytes) {
  for (let at = 0; at + 8 < bytes.length; at += 1) {
    if (bytes[at] === 0x61 && bytes[at + 1] === 0x76 && bytes[at + 2] === 0x63 && bytes[at + 3] === 0x43) {
      const hex = (value) => value.toString(16).padStart(2, "0");
      return `avc1.${hex(bytes[at + 5])}${hex(bytes[at + 6])}${hex(bytes[at + 7])}`;
    }
  }
  return null;
}

function joined(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function opened(source) {
  return new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
}

/** Shows one stream in a <video>; says what becomes of it through `told(state, message)`. */
export class Player {
  #video;
  #told;
  #stop = new AbortController();
  #address = "";

  constructor(video, told = () => {}) {
    this.#video = video;
    this.#told = told;
  }

  /** Play a path of the API; `again`: begin anew whenever the stream breaks off. */
  async play(path, { again = false } = {}) {
    this.stop();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    let pause = FIRST_RETRY_MS;
    while (!signal.aborted) {
      this.#told("waiting", "");
      try {
        await this.#once(path, signal, () => {
          pause = FIRST_RETRY_MS;
          this.#told("playing", "");
        });
        if (signal.aborted) return;
        this.#told("ended", t("player.ended"));
      } catch (error) {
        if (signal.aborted) return;
        this.#told("failed", error.status === undefined ? t("player.broken") : error.message);
        if (error.status === 401 || error.status === 403) return;
      }
      if (!again) return;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, pause);
        signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
      });
      pause = Math.min(2 * pause, LONGEST_RETRY_MS);
    }
  }

  stop() {
    this.#stop.abort();
    this.#release();
  }

  #release() {
    if (!this.#address) return;
    URL.revokeObjectURL(this.#address);
    this.#address = "";
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  async #once(path, signal, started) {
    const answer = await fetched("GET", path, undefined, { signal });
    const reader = answer.body.getReader();
    let head = new Uint8Array();
    let codec = null;
    while (!codec) {
      const { done, value } = await reader.read();
      if (done) return;
      head = joined(head, value);
      codec = codecOf(head);
    }
    this.#release();
    const source = new MediaSource();
    this.#address = URL.createObjectURL(source);
    this.#video.src = this.#address;
    await opened(source);
    const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
    await this.#append(buffer, head);
    this.#video.play().catch(() => {}); // muted, so a browser lets it; else its own button does
    let seen = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await this.#append(buffer, value);
      if (!seen && buffer.buffered.length) {
        seen = true;
        started();
      }
      await this.#follow(buffer);
    }
    if (source.readyState === "open") source.endOfStream();
  }

  #append(buffer, bytes) {
    return new Promise((resolve, reject) => {
      buffer.addEventListener("updateend", resolve, { once: true });
      buffer.addEventListener("error", () => reject(new Error("not decoded")), { once: true });
      buffer.appendBuffer(bytes);
    });
  }

  async #follow(buffer) {
    const { buffered } = buffer;
    if (!buffered.length) return;
    const end = buffered.end(buffered.length - 1);
    const video = this.#video;
    if (video.currentTime < buffered.start(0) || end - video.currentTime > AHEAD_S) {
      video.currentTime = Math.max(buffered.start(buffered.length - 1), end - RESERVE_S);
    }
    if (video.currentTime - buffered.start(0) > 2 * KEPT_S) {
      await new Promise((resolve) => {
        buffer.addEventListener("updateend", resolve, { once: true });
        buffer.remove(0, video.currentTime - KEPT_S);
      });
    }
  }
}
