"use strict";
// Keeps a live page fresh: asks for it again, and puts its <main> in place of the old one. Without this file the page is just as good, only older.
const EVERY = 4000;
const state = document.querySelector("#fresh");
let seen = document.querySelector("main").innerHTML;

const refresh = async () => {
  try {
    // Spelled out: an address that a browser was opened with may carry a password, and fetch refuses those.
    const answer = await fetch(location.origin + location.pathname + location.search, { cache: "no-store", credentials: "same-origin" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (main.innerHTML !== seen) {
      seen = main.innerHTML;
      const open = new Set([...document.querySelectorAll("details[open][id]")].map((each) => each.id));
      for (const each of main.querySelectorAll("details[id]")) if (open.has(each.id)) each.open = true;
      document.querySelector("main").replaceWith(document.adoptNode(main));
      document.title = page.title;
    }
    state.textContent = page.querySelector("#fresh").textContent;
    state.className = "";
  } catch (error) {
    state.textContent = `not updated any more (${error.message}); last: ${state.dataset.at}`;
    state.className = "bad";
    return;
  }
  state.dataset.at = state.textContent;
};

if (document.body.dataset.live === "yes") {
  state.dataset.at = state.textContent;
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
