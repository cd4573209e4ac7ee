/** A fresh session token for a page that has been open long: the portal's word for the person, unseen by them. */

import { ApiError, ConnectionError } from "./api.js";

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
