"""BX24.js that does not load from the portal's own address: the page takes it from the other one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

MODULES = "http://scripts.test/"
READY = """async ([noted, other]) => {
  const { Frame } = await import("/js/frame.js");
  const script = document.createElement("script");
  Object.assign(script, { src: "/first.js", async: true });
  if (other) script.dataset.other = other;
  const failed = new Promise((resolve) => script.addEventListener("error", resolve));
  delete window.BX24;
  let frame = noted ? null : new Frame(script, {});
  document.head.append(script);
  await failed;
  if (noted) { script.dataset.failed = ""; frame = new Frame(script, {}); }
  return (await frame.ready())?.name ?? null;
}"""


@pytest.mark.parametrize("noted", [False, True], ids=["while the page's modules wait", "before they have begun"])
@pytest.mark.parametrize(("other", "name"), [("/second.js", "second"), ("/third.js", None), ("", None)])
def test_the_other_address_is_taken_where_the_first_does_not_load(
    scripts: Page, noted: bool, other: str, name: str | None
) -> None:
    """The first one and a third answer 404; where nothing loads, the page goes on without."""
    second = "window.BX24 = { name: 'second', init: (done) => done() };"
    scripts.route(f"{MODULES}second.js", lambda route: route.fulfill(body=second, content_type="text/javascript"))

    assert scripts.evaluate(READY, [noted, other]) == name
