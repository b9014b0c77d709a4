// The one door to the platform. It decides every right; the pages only ask.

import { language, t } from "./words.js";

/** What the platform refused, in its own words. */
export class Refusal extends Error {
  constructor(status, code, message, parameters = {}) {
    super(message);
    Object.assign(this, { status, code, parameters });
  }
}

export const session = new EventTarget();

function headers(body) {
  const found = { "Accept-Language": language, "X-Requested-With": "tantou" };
  if (body !== undefined) found["Content-Type"] = "application/json";
  return found;
}

async function refusal(answer) {
  try {
    const { error } = await answer.json();
    return new Refusal(answer.status, error.code, error.message, error.parameters);
  } catch {
    return new Refusal(answer.status, "unreadable", t("error.unreadable", { status: answer.status }));
  }
}

/** Fetch something raw; refusals are thrown, a lost session is announced. */
export async function fetched(method, path, body, options = {}) {
  let answer;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: headers(body),
      body: body === undefined ? undefined : JSON.stringify(body),
      ...options,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "unreachable", t("error.unreachable"));
  }
  if (answer.ok) return answer;
  const problem = await refusal(answer);
  if (answer.status === 401 && path !== "/login") {
    session.dispatchEvent(new CustomEvent("ended", { detail: problem }));
  }
  throw problem;
}

async function call(method, path, body) {
  const answer = await fetched(method, path, body);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

/** A path with its query; empty values are left out. */
export function query(path, values) {
  const kept = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  return kept.length ? `${path}?${new URLSearchParams(kept)}` : path;
}
