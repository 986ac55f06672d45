// The page's script: it fetches fragments again when the live feed says that something changed, and posts to /_local what a person does.
// It makes no HTML of its own from what people or apps wrote.
import { completing } from "./complete.js";
import { doneEditing, menus } from "./menu.js";
import { suggesting } from "./suggest.js";

const body = document.body;
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const me = body.dataset.user;
const since = body.dataset.read;

// --- talking to the server ---------------------------------------------------------------------------------------------

async function act(path, fields) {
  const response = await fetch(`/_local/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: me, ...fields }),
  });
  const answer = await response.json();
  // What is missing in a form is said beside each field.
  if (!answer.ok && answer.error !== "missing_input") toast(answer.message || answer.error);
  return answer;
}

function toast(text) {
  const box = $("#toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { box.hidden = true; }, 6000);
}

async function part(name, extra = {}) {
  const query = new URLSearchParams({ user: me, channel: body.dataset.channel, ...extra });
  if (body.dataset.thread) query.set("thread", body.dataset.thread);
  if (body.dataset.home) query.set("home", "1");
  const response = await fetch(`/_page/${name}?${query}`);
  const template = document.createElement("template");
  template.innerHTML = response.ok ? await response.text() : "";
  return template.content;
}

// --- putting fragments in place ----------------------------------------------------------------------------------------

// Keyed: rows that did not change stay as they are, so focus, open menus and scrolling survive.
function merge(list, fragment) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let at = list.firstElementChild;
  for (const fresh of [...fragment.children]) {
    const old = known.get(fresh.dataset.key);
    known.delete(fresh.dataset.key);
    if (old && old.dataset.v === fresh.dataset.v) {
      if (old === at) at = at.nextElementSibling;
      else list.insertBefore(old, at);
      continue;
    }
    const refocus = old && old.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
    if (old) {
      if (old === at) at = at.nextElementSibling;
      old.replaceWith(fresh);
      if (fresh.nextElementSibling !== at) list.insertBefore(fresh, at);
      fresh.classList.add("changed");
    } else {
      list.insertBefore(fresh, at);
      fresh.classList.add("fresh");
    }
    if (refocus) ($(`[data-action-id="${CSS.escape(refocus)}"]`, fresh) || list.parentElement).focus();
  }
  for (const gone of known.values()) gone.remove();
}

function atBottom(scroll) {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
}

async function showMessages() {
  const list = $("#messages");
  if (!list) return;
  const scroll = $("#scroll");
  const follow = atBottom(scroll);
  merge(list, await part("messages", { since }));
  if (follow) scroll.scrollTop = scroll.scrollHeight;
  markRead();
}

async function showThread() {
  const place = $("#thread");
  body.classList.toggle("with-thread", Boolean(body.dataset.thread));
  const fragment = await part("thread");
  const list = $("#thread-messages", place);
  const fresh = $("#thread-messages", fragment);
  if (list && fresh && place.dataset.shown === body.dataset.thread) {
    merge(list, fresh);
  } else {
    place.replaceChildren(fragment);
    place.dataset.shown = body.dataset.thread;
    $$("[data-composer]", place).forEach(completing);
    $("#thread-text")?.focus();
  }
  const scroll = $("#thread-scroll");
  if (scroll) scroll.scrollTop = scroll.scrollHeight;
}

async function showSidebar() {
  const choosing = () => $(".who")?.open;
  if (choosing()) return;
  const fresh = await part("sidebar");
  if (choosing()) return; // opened while it was fetched: who is about to choose must not lose the list
  const focused = $("#sidebar").contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  $("#sidebar").replaceChildren(fresh);
  if (focused) $(`#sidebar [href="${CSS.escape(focused)}"]`)?.focus();
}

async function showHead() {
  const head = $("#main .channel-head");
  if (!head || body.dataset.home) return;
  const fragment = await part("main");
  const fresh = $(".channel-head", fragment);
  if (fresh) head.replaceWith(fresh);
  const note = $("#main .composer-note, #main > .composer");
  const freshNote = $(".composer-note, .composer", fragment);
  if (note && freshNote && note.className !== freshNote.className) {
    note.replaceWith(freshNote);
    $$("[data-composer]", $("#main")).forEach(completing);
  }
}

async function showView() {
  const place = $("#modal");
  place.replaceChildren(await part("view"));
  const dialog = $("dialog", place);
  if (!dialog) return;
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); closeView(dialog); });
  ($("[aria-invalid], input, textarea, select", dialog) || $("button", dialog))?.focus();
}

async function showHome() {
  if (body.dataset.home) $("#main").replaceChildren(await part("home"));
}

function markRead() {
  const last = $$("#messages > .row").at(-1)?.dataset.ts;
  if (!last || document.hidden || last <= (markRead.sent || since || "")) return;
  markRead.sent = last;
  act("read", { channel: body.dataset.channel, ts: last }).then(refresh.sidebar);
}

// --- live ----------------------------------------------------------------------------------------------------------------

// One fetch of a part at a time; changes that come meanwhile make one more.
function keeping(show) {
  let running = false;
  let again = false;
  return async () => {
    if (running) { again = true; return; }
    running = true;
    do {
      again = false;
      try { await show(); } catch { /* the server is gone for a moment; the feed reconnects and asks again */ }
    } while (again);
    running = false;
  };
}

const refresh = {
  messages: keeping(showMessages),
  thread: keeping(showThread),
  sidebar: keeping(showSidebar),
  head: keeping(showHead),
  view: keeping(showView),
  home: keeping(showHome),
};

function changed(event) {
  const change = JSON.parse(event.data);
  if (change.kind === "view_changed") { refresh.view(); return; }
  if (change.kind === "home_published") { refresh.home(); return; }
  refresh.sidebar();
  if (change.channel !== body.dataset.channel || body.dataset.home) return;
  if (change.kind === "read") return;
  refresh.messages();
  if (body.dataset.thread) refresh.thread();
  if (/channel_|member_|pin_/.test(change.kind)) refresh.head();
}

// From what the page was drawn with: what changed before its feed was open comes too.
const feed = new EventSource(`/_local/events?user=${encodeURIComponent(me)}&after=${body.dataset.seq}`);
let lost = false;
feed.addEventListener("message", changed);
feed.addEventListener("error", () => { lost = true; body.classList.add("offline"); });
feed.addEventListener("open", () => {
  body.classList.remove("offline");
  if (lost) Object.values({ ...refresh, view: () => {} }).forEach((again) => again());
  lost = false;
  body.dataset.live = "1";
});

// --- what a person does --------------------------------------------------------------------------------------------------

function confirmed(element) {
  if (!element.dataset.confirm) return Promise.resolve(true);
  const words = JSON.parse(element.dataset.confirm);
  const dialog = $("#confirm");
  $("#confirm-title").textContent = words.title;
  $("#confirm-text").textContent = words.text;
  $("#confirm-deny").textContent = words.no;
  const yes = $("#confirm-yes");
  yes.textContent = words.yes;
  yes.className = `btn ${words.style}`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

function placeOf(element) {
  const view = element.closest("[data-view]");
  if (view) return { view_id: view.dataset.view };
  return { channel: body.dataset.channel, ts: element.closest("[data-ts]").dataset.ts };
}

async function use(element, value) {
  if (!(await confirmed(element))) return;
  element.setAttribute("aria-busy", "true");
  const { actionId, blockId } = element.dataset;
  const answer = await act("action", { ...placeOf(element), action_id: actionId, block_id: blockId, value });
  element.removeAttribute("aria-busy");
  const outcome = answer.ack?.outcome;
  $("#announce").textContent = outcome === "ok" ? "Done" : "The app did not answer";
}

function valueOf(field) {
  if (field.dataset.act === "checkbox" || field.dataset.field === "checkbox") {
    return $$("input:checked", field).map((box) => box.value);
  }
  if (field.dataset.act === "radio" || field.dataset.field === "radio") return $("input:checked", field)?.value ?? null;
  if (field.multiple) return [...field.selectedOptions].map((option) => option.value);
  if (field.type === "datetime-local") return field.value ? Math.floor(new Date(field.value).getTime() / 1000) : null;
  return field.value;
}

async function send(form) {
  const box = $("textarea", form);
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const channel = body.dataset.channel;
  const thread = form.dataset.thread;
  let answer;
  if (form.dataset.editing) {
    answer = await act("edit", { channel, ts: form.dataset.editing, text });
    doneEditing(form);
  } else if (text.startsWith("/") && !thread) {
    const [command, ...rest] = text.split(/\s+/);
    answer = await act("command", { channel, command, text: text.slice(command.length).trim() || rest.join(" ") });
  } else {
    answer = await act("message", { channel, text, thread_ts: thread || "" });
  }
  if (!answer.ok && answer.error !== "unknown_command" && !box.value) box.value = text;
  const scroll = form.previousElementSibling;
  if (scroll?.classList.contains("scroll")) scroll.scrollTop = scroll.scrollHeight;
}

function closeView(dialog) {
  const view_id = dialog.dataset.view;
  dialog.close();
  act("view/close", { view_id });
}

async function submitView(form) {
  const dialog = form.closest("dialog");
  const values = {};
  for (const field of $$("[data-field], [data-act]:not(button):not(a)", form)) values[field.dataset.actionId] = valueOf(field);
  const button = $("button[type=submit]", form);
  button?.setAttribute("aria-busy", "true");
  await act("view/submit", { view_id: dialog.dataset.view, values });
  button?.removeAttribute("aria-busy");
}

function openThread(ts) {
  body.dataset.thread = ts;
  const url = new URL(location.href);
  if (ts) url.searchParams.set("thread", ts);
  else url.searchParams.delete("thread");
  history.replaceState(null, "", url);
  refresh.thread();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a, summary");
  for (const menu of $$("details.who[open], details.members[open], details.overflow[open], details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!target) return;
  const data = target.dataset;
  if (data.act === "click") use(target);
  else if (data.act === "pick") { target.closest("details").open = false; use(target, data.value); }
  else if (data.react) act("reaction", { ...placeOf(target), name: data.react });
  else if ("threadOpen" in data) { event.preventDefault(); openThread(data.threadOpen); }
  else if ("threadClose" in data) { event.preventDefault(); openThread(""); }
  else if ("join" in data) act("join", { channel: body.dataset.channel });
  else if ("closeView" in data) closeView(target.closest("dialog"));
  else if ("menu" in data) body.classList.toggle("show-sidebar");
});

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-act]:not(button):not(a)");
  if (field) use(field, valueOf(field));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-composer]")) { event.preventDefault(); send(form); }
  if (form.matches("[data-submit-view]")) { event.preventDefault(); submitView(form); }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  body.classList.remove("show-sidebar");
  const form = event.target.closest("form.editing");
  if (!form) return;
  doneEditing(form);
  const box = $("textarea", form);
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("visibilitychange", markRead);

const composer = (row) => $(row.closest("#thread") ? "#thread [data-composer]" : "#main [data-composer]");
menus({ act, toast, confirmed, placeOf, composer });
suggesting({ act, placeOf });
$$("[data-composer]").forEach(completing);
const scroll = $("#scroll");
if (scroll && !location.hash) scroll.scrollTop = scroll.scrollHeight;
if (body.dataset.home) act("home", {});
else { markRead(); showMessages(); }
if ($("#modal dialog")) showView();
