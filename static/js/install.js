/** The installation page: the server has done the steps; the portal is told once that the installation is finished. */

import "./theme.js";
import { byId, fill, jsonOf } from "./dom.js";
import { Frame } from "./frame.js";

const MARKS = { ok: "✓", failed: "!" };

function finished(kind) {
  byId("finish-step").className = kind;
  byId("finish-mark").textContent = MARKS[kind];
  fill(byId("outcome"), byId(kind === "ok" ? "finished" : "unfinished").content.cloneNode(true));
}

async function start(config) {
  const frame = new Frame(byId("bx24-js"), config.portal ?? {});
  frame.follow(byId("page"));
  if (!config.steps.every((step) => step.ok)) return;
  const BX24 = await frame.ready();
  finished(BX24 ? "ok" : "failed");
  BX24?.installFinish();
}

start(jsonOf("config"));
