/** The portal around the page: BX24.js, the height of the frame, sliders. All of it may be absent: the page works on. */

const PATIENCE = 10000;
const SMALLEST = 240;

/** Whether the page stands in the portal's mobile application, which names itself to servers. */
export const inMobileApp = () => /BitrixMobile/i.test(navigator.userAgent);

export class Frame {
  #ready;
  #BX24 = null;
  #refused = inMobileApp();

  /** `script`: the script element that loads BX24.js; `portal`: {origin}. */
  constructor(script, portal) {
    this.portal = portal;
    this.#ready = loaded(script).then((BX24) => BX24 && initialised(BX24)).then((BX24) => (this.#BX24 = BX24));
  }

  /** BX24 after its init, or null when the portal's script did not come. */
  ready() {
    return this.#ready;
  }

  /** Keeps the frame as high as `element`. */
  async follow(element) {
    const BX24 = await this.#ready;
    if (!BX24) return;
    let height = 0;
    const fit = () => {
      const now = Math.max(SMALLEST, Math.ceil(element.getBoundingClientRect().height));
      if (now === height) return;
      height = now;
      BX24.resizeWindow("100%", height);
    };
    new ResizeObserver(fit).observe(element);
    fit();
  }

  /**
   * The listener of a link to `path` in the portal, which opens in the portal's slider. Where there is none the browser
   * follows the link. The mobile application has none; whoever else refuses gets a new tab, and later links are left to
   * the browser, for it may block a tab that a script opens.
   */
  inSlider(path) {
    return (event) => {
      if (!this.#BX24?.openPath || this.#refused) return;
      event.preventDefault();
      this.#BX24.openPath(path, (answer) => {
        if (answer?.result !== "error") return;
        this.#refused = true;
        window.open(this.url(path), "_blank", "noopener");
      });
    };
  }

  url(path) {
    return this.portal.origin + path;
  }

  /** The portal's card of a smart invoice. */
  pathOfInvoice = (id) => `/crm/type/31/details/${id}/`;

  /** Brings `element` into sight: the page scrolls in a frame that did not grow (sliders keep its height), the portal's
   * page scrolls for the rest. */
  async show(element) {
    const BX24 = await this.#ready;
    if (!BX24?.scrollParentWindow) return element.scrollIntoView?.({ block: "nearest" });
    window.scrollBy(0, element.getBoundingClientRect().top);
    BX24.scrollParentWindow(Math.max(0, Math.floor(element.getBoundingClientRect().top)));
  }

  /** {access_token, member_id} of the person who looks at the page, or null. `anew`: ask the portal for a new one. */
  async auth(anew = false) {
    const BX24 = await this.#ready;
    if (!BX24) return null;
    return (!anew && BX24.getAuth()) || new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), PATIENCE);
      BX24.refreshAuth((auth) => { clearTimeout(timer); resolve(auth || null); });
    });
  }
}

function loaded(script) {
  if (window.BX24 || !script) return Promise.resolve(window.BX24 ?? null);
  return within(PATIENCE, (resolve) => {
    const other = () => load(script.dataset.other, script.nonce, resolve);
    if ("failed" in script.dataset) { other(); return; }
    script.addEventListener("load", () => resolve(window.BX24 ?? null));
    script.addEventListener("error", other);
  });
}

/** BX24.js from the address where portals of the other authorization server have it; null where there is none. */
function load(address, nonce, resolve) {
  if (!address) { resolve(null); return; }
  const script = document.createElement("script");
  Object.assign(script, { src: address, nonce });
  script.addEventListener("load", () => resolve(window.BX24 ?? null));
  script.addEventListener("error", () => resolve(null));
  document.head.append(script);
}

const initialised = (BX24) => within(PATIENCE, (resolve) => BX24.init(() => resolve(BX24)));

/** What `start` resolves, or null after `milliseconds`. */
function within(milliseconds, start) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), milliseconds);
    start((value) => { clearTimeout(timer); resolve(value); });
  });
}
