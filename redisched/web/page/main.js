// Draws the page.
import { html, render } from "./html.js";
import { startLive } from "./live.js";
import { Shell } from "./shell.js";

startLive();
render(html`<${Shell} />`, document.getElementById("page"));
