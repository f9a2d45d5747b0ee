// Asks the JSON API below api/v1. Every answer's `now_ms` sets the clock of the page.
import { makeStore } from "./store.js";
import { noteServerTime } from "./times.js";

const API = "api/v1";
const TOKEN = "redisched.token";


// What the server says when it wants a token; "" while it does not.
export const tokenWanted = makeStore("");

export class Problem extends Error {
  constructor(status, code, sentence) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}

function storedToken() {
  try {
    return sessionStorage.getItem(TOKEN) || "";
  } catch {
    return "";
  }
}

export function setToken(secret) {
  try {
    if (secret) sessionStorage.setItem(TOKEN, secret);
    else sessionStorage.removeItem(TOKEN);
  } catch {
    // Without storage the token is asked for again in each tab.
  }
  tokenWanted.set("");
}

export function headers(more = {}) {
  const secret = storedToken();
  // No token has other characters, and a browser refuses to send most of them: the server is to say that it is wrong.
  return secret ? { Authorization: `Bearer ${secret.replace(/[^ -~]/g, "?")}`, ...more } : more;
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `${API}${path}${text ? `?${text}` : ""}`;
}

// What programs gave each other: whole numbers beyond 2^53 stay exact there, where the browser tells how they were
// written. All other numbers are counted and compared here, so they are ordinary ones.
const GIVEN = new Set(["args", "kwargs", "result"]);

function exactNumber(_key, value, context) {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !context || !/^-?\d+$/.test(context.source)) return value;
  return BigInt(context.source);
}

function ordinary(value) {
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  for (const [key, one] of Object.entries(value)) {
    if (!GIVEN.has(key)) value[key] = ordinary(one);
  }
  return value;
}

export async function readAnswer(answer) {
  const text = await answer.text();
  let body;
  try {
    body = ordinary(JSON.parse(text, exactNumber));
  } catch {
    throw new Problem(answer.status, "not_json", `the server answered ${answer.status} without JSON; is it redisched web?`);
  }
  if (!answer.ok) {
    if (body.code === "token_needed" && answer.status === 401) tokenWanted.set(body.detail || "a token is needed");
    throw new Problem(answer.status, body.code || "failed", body.detail || `the server answered ${answer.status}`);
  }
  if (Number.isFinite(body.now_ms)) noteServerTime(body.now_ms);
  return body;
}

async function send(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "the server of this page cannot be reached");
  }
}

export async function get(path, parameters, signal) {
  return readAnswer(await send(address(path, parameters), { headers: headers(), signal }));
}

export async function post(path, body) {
  const sent = headers({ "X-Redisched": "1", "Content-Type": "application/json" });
  return readAnswer(await send(address(path), { method: "POST", headers: sent, body: JSON.stringify(body ?? {}) }));
}
