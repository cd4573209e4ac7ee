/** The theme: light as the portal's page around the frame, dark where the reader has switched it on. The server remembers
 * the switch, and says it in the page; the browser does where it keeps anything for a page in a frame. */

const KEY = "theme";

/** What was chosen; browsers that keep nothing for a page in a frame remember nothing. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // the choice holds as long as the page is open
  }
}

const root = document.documentElement;
root.dataset.theme ??= remembered() === "dark" ? "dark" : "light";

/** Lets `button` switch the theme; it is pressed while the theme is dark. `keep(theme)`: tells the server. */
export function joinTheme(button, keep) {
  const show = () => button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  show();
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    remember(root.dataset.theme);
    keep(root.dataset.theme);
    show();
  });
}
