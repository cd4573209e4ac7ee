/**
 * Keeps the buttons of a long form in sight. The portal makes the frame as high as the page, so that nothing scrolls in it
 * and CSS has nothing to stick to: what is seen of the form is told by the browser, across frames.
 */

const STEPS = Array.from({ length: 201 }, (_, step) => step / 200);

/** `bar`: the last child of its form. It is moved up as far as the foot of the form is out of sight. */
export function keepInSight(bar) {
  const form = bar.closest("form");
  let up = 0;
  new IntersectionObserver((entries) => {
    const { boundingClientRect: whole, intersectionRect: seen } = entries.at(-1);
    const foot = whole.bottom - bar.getBoundingClientRect().bottom - up;
    const below = seen.height ? whole.bottom - seen.bottom - foot : 0;
    up = Math.round(Math.max(0, Math.min(below, whole.height - 2 * bar.offsetHeight)));
    bar.style.transform = up ? `translateY(${-up}px)` : "";
    bar.classList.toggle("form-actions-up", up > 0);
  }, { threshold: STEPS }).observe(form);
}
