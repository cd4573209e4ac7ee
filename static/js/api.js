/** The app's JSON API: bearer token, unseen renewal of the session, patience with a lost connection. */

const FIRST_DELAY = 1000;
const LONGEST_DELAY = 30000;
const SESSION_LIFE = 60 * 60000;
const RENEW_BEFORE = 10 * 60000;
const RENEW_AGAIN = 60000;
const UNAVAILABLE = new Set([502, 503, 504]);

/** An answer that is an error: `status`, stable `code`, `detail` for people, `errors` by field. */
export class ApiError extends Error {
  constructor(status, problem, retryAfter = 0) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? problem.title ?? "";
    this.errors = problem.errors ?? {};
    this.retryAfter = retryAfter;
  }
}

/** No answer at all. */
export class ConnectionError extends Error {
  code = "no_connection";
}

export class Api {
  #token;
  #renewing = null;
  #ends = Date.now() + SESSION_LIFE;
  #renewAt = this.#ends - RENEW_BEFORE;
  #waits = new Map();
  #start;

  /**
   * `start`: path → the answer that came with the page; the first who asks gets it.
   * `renew`: async () → a fresh session token or null.
   * `onWait({error, seconds} | null)`: what the latest of the waiting requests waits for; null when none waits any more.
   */
  constructor({ base, lang, token, renew, start = {}, onWait = () => {} }) {
    Object.assign(this, { base, lang, renew, onWait });
    this.#token = token;
    this.#start = new Map(Object.entries(start));
  }

  get = (path, options) => this.#atHand(path) ?? this.request("GET", path, options);
  post = (path, body, options) => this.request("POST", path, { body: body ?? {}, ...options });
  put = (path, body, options) => this.request("PUT", path, { body, ...options });
  delete = (path, options) => this.request("DELETE", path, options);

  /**
   * JSON of the answer (null for an empty one). Raises ApiError, ConnectionError, AbortError.
   * `onAnswer(answer)`: sees the good answer before it is read, for its headers.
   * `tries`: how often a request without a good answer is sent (Infinity: until `signal` aborts).
   */
  async request(method, path, { body, headers = {}, signal, onAnswer = () => {}, tries = 3 } = {}) {
    const request = {};
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const answer = await this.#authorized(method, path, { body, headers, signal });
          onAnswer(answer);
          return await read(answer);
        } catch (error) {
          if (!worthAnotherTry(error, method, headers) || attempt >= tries) throw error;
          await this.#pause(request, error, delay(attempt, error), signal);
        }
      }
    } finally {
      this.#waitsNoMore((waiting) => waiting === request);
    }
  }

  #atHand(path) {
    const answer = this.#start.get(path);
    this.#start.delete(path);
    return answer === undefined ? null : Promise.resolve(answer);
  }

  async #authorized(method, path, options) {
    await this.#renewInTime();
    const token = this.#token;
    const answer = await this.#send(method, path, token, options);
    if (answer.status !== 401) return checked(answer);
    await this.#renewOnce(token);
    return checked(await this.#send(method, path, this.#token, options));
  }

  async #send(method, path, token, { body, headers, signal }) {
    const url = /^https?:/.test(path) || path.startsWith(this.base) ? path : this.base + path;
    const all = { Authorization: `Bearer ${token}`, "Accept-Language": this.lang, ...headers };
    if (body !== undefined) all["Content-Type"] = "application/json";
    try {
      const answer = await fetch(url, { method, headers: all, signal, credentials: "omit", body: body === undefined ? undefined : JSON.stringify(body) });
      if (!isUnavailable(answer)) this.#waitsNoMore((_waiting, { error }) => isLost(error));
      return answer;
    } catch (error) {
      throw error.name === "AbortError" ? error : new ConnectionError(error.message);
    }
  }

  /** A session soon to end is renewed beside the calls, one at its end before them; if that fails, a 401 will tell. */
  async #renewInTime() {
    if (Date.now() < this.#renewAt) return;
    this.#renewAt = Date.now() + RENEW_AGAIN;
    const renewed = this.#renewOnce(this.#token).catch((error) => console.info(error.message));
    if (Date.now() >= this.#ends) await renewed;
  }

  /** Many calls may find the session spent at once: one of them renews it, the others wait. */
  async #renewOnce(spent) {
    if (spent !== this.#token) return;
    this.#renewing ??= this.renew().finally(() => { this.#renewing = null; });
    const token = await this.#renewing;
    if (!token) return;
    this.#token = token;
    this.#ends = Date.now() + SESSION_LIFE;
    this.#renewAt = this.#ends - RENEW_BEFORE;
  }

  /** Any answer that the application itself gave says that the line is there; each request's end ends its own wait. */
  #waitsNoMore(matches) {
    const ended = [...this.#waits].filter(([request, wait]) => matches(request, wait));
    for (const [request] of ended) this.#waits.delete(request);
    if (ended.length) this.onWait([...this.#waits.values()].at(-1) ?? null);
  }

  /** Waits, but not longer than the browser is offline, and ends at once when `signal` aborts. */
  #pause(request, error, milliseconds, signal) {
    const wait = { error, seconds: milliseconds / 1000 };
    this.#waits.set(request, wait);
    this.onWait(wait);
    return new Promise((resolve, reject) => {
      const done = (settle, value) => () => {
        clearTimeout(timer);
        removeEventListener("online", wake);
        settle(value);
      };
      const wake = done(resolve);
      const timer = setTimeout(wake, milliseconds);
      addEventListener("online", wake);
      signal?.addEventListener("abort", done(reject, new DOMException("aborted", "AbortError")), { once: true });
    });
  }
}

const isUnavailable = ({ status }) => UNAVAILABLE.has(status) || status === 429;

/** No answer, or one that is not the application's own: a proxy before it speaks for it. */
export const isLost = (error) => error instanceof ConnectionError || !error.title;

const safeToRepeat = (method, headers) => method !== "POST" || "Idempotency-Key" in headers;

function worthAnotherTry(error, method, headers) {
  if (!safeToRepeat(method, headers)) return false;
  return error instanceof ConnectionError || (error instanceof ApiError && isUnavailable(error));
}

/** 1, 2, 4 … 30 seconds, or what the server asked for. */
function delay(attempt, error) {
  return Math.min(LONGEST_DELAY, Math.max(FIRST_DELAY * 2 ** (attempt - 1), (error.retryAfter ?? 0) * 1000));
}

async function checked(answer) {
  if (answer.ok) return answer;
  const problem = await read(answer);
  throw new ApiError(answer.status, problem ?? {}, Number(answer.headers.get("Retry-After")) || 0);
}

async function read(answer) {
  if (/text\/csv/.test(answer.headers.get("Content-Type") ?? "")) return answer.text();
  if (answer.status === 204 || !/json/.test(answer.headers.get("Content-Type") ?? "")) return null;
  return answer.json().catch(() => null);
}

/** A new key for one click. Works over plain http too, where crypto.randomUUID does not exist. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An async function that answers a new session token, or null when the portal gives no access token. */
export function renewer(config, frame) {
  return async () => {
    for (const anew of [false, true]) {
      const auth = await frame.auth(anew);
      if (!auth) continue;
      const answer = await ask(config, auth);
      if (answer.ok) return (await answer.json()).token;
      if (answer.status !== 401) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
    }
    return null;
  };
}

async function ask({ api, lang, portal }, auth) {
  const body = JSON.stringify({
    AUTH_ID: auth.access_token, member_id: auth.member_id ?? portal.member_id, REFRESH_ID: auth.refresh_token ?? null,
  });
  const headers = { "Content-Type": "application/json", "Accept-Language": lang };
  try {
    return await fetch(`${api}/session`, { method: "POST", headers, body, credentials: "omit" });
  } catch (error) {
    throw new ConnectionError(error.message);
  }
}
