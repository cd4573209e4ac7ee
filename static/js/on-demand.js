/** What few need is no part of the page's opening: a bundle of its own, loaded when somebody wants it. */

import { byId, h } from "./dom.js";

const loading = new Map();

/** What the bundle `name` offers (`globalThis.onDemand`), loaded once. Raises an error when it does not come. */
export function onDemand(name) {
  if (!loading.has(name)) loading.set(name, load(name).catch((error) => { loading.delete(name); throw error; }));
  return loading.get(name);
}

function load(name) {
  const own = byId("app-js");
  const script = h("script", { type: "module", src: own.dataset[name] });
  script.nonce = own.nonce;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve(globalThis.onDemand));
    script.addEventListener("error", () => { script.remove(); reject(new Error(`${name} did not load`)); });
    document.head.append(script);
  });
}
