// Keeps a page current: news come over a WebSocket, the page is fetched and changed parts are swapped,
// without losing what somebody types.
import { prepare } from "./acts.js";

let fetching = false, again = false;

const nearEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;

// Keeps keyboard and screen reader inside a modal while one is open; only who one is stays in reach.
function cover() {
  const modal = document.querySelector(".modal"), behind = document.querySelector(".frame"), was = behind.inert;
  behind.inert = Boolean(modal);
  if (modal && !was) modal.querySelector("input, textarea, select, footer button")?.focus();
  else if (was && !modal) document.querySelector(".main textarea")?.focus();
}

export function settle() {
  cover();
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  for (const box of document.querySelectorAll("[data-scroll]")) box.scrollTop = box.scrollHeight;
  if (wanted) { wanted.scrollIntoView({ block: "center" }); wanted.classList.add("wanted"); }
}

function kept(node) {
  const found = new Map();
  for (const element of node.querySelectorAll("[data-use][data-touched]")) {
    const key = `${element.dataset.blockId}|${element.dataset.actionId}`;
    if (element.tagName === "FIELDSET") found.set(key, new Set([...element.querySelectorAll("input:checked")].map((input) => input.value)));
    else if (element.multiple) found.set(key, new Set([...element.selectedOptions].map((option) => option.value)));
    else found.set(key, element.value);
  }
  return found;
}

function restore(node, found) {
  for (const element of node.querySelectorAll("[data-use]")) {
    const value = found.get(`${element.dataset.blockId}|${element.dataset.actionId}`);
    if (value === undefined) continue;
    if (element.tagName === "FIELDSET") for (const input of element.querySelectorAll("input")) input.checked = value.has(input.value);
    else if (element.multiple) for (const option of element.options) option.selected = value.has(option.value);
    else if (element.tagName !== "SELECT" || [...element.options].some((option) => option.value === value)) element.value = value;
    element.dataset.touched = "1";
  }
}

function focused(node) {
  const active = document.activeElement;
  if (!active || !node.contains(active) || !active.dataset.actionId) return null;
  return { block: active.dataset.blockId, action: active.dataset.actionId, value: active.dataset.value, from: active.selectionStart, to: active.selectionEnd };
}

function refocus(node, was) {
  if (!was) return;
  const same = [...node.querySelectorAll("[data-use]")].find((element) => element.dataset.blockId === was.block && element.dataset.actionId === was.action && element.dataset.value === was.value);
  if (!same) return;
  same.focus({ preventScroll: true });
  if (was.from !== null && was.from !== undefined && same.setSelectionRange) {
    try { same.setSelectionRange(was.from, was.to); } catch { /* a date has no selection */ }
  }
}

function swap(region, fresh) {
  const old = new Map([...region.children].map((child) => [child.id, child]));
  let before = null;
  for (const child of [...fresh.children]) {
    const mine = old.get(child.id);
    old.delete(child.id);
    let stands = mine;
    if (!mine || mine.dataset.mark !== child.dataset.mark || !child.dataset.mark) {
      stands = document.adoptNode(child);
      if (mine) {
        const was = focused(mine), open = mine.querySelector(".body")?.scrollTop;
        restore(stands, kept(mine));
        mine.replaceWith(stands);
        refocus(stands, was);
        if (open) stands.querySelector(".body").scrollTop = open;
      }
    }
    const next = before ? before.nextElementSibling : region.firstElementChild;
    if (stands !== next) region.insertBefore(stands, next);
    before = stands;
  }
  for (const gone of old.values()) gone.remove();
}

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const region of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(region.id), follow = region.matches("[data-scroll]") && nearEnd(region);
        if (fresh) swap(region, fresh);
        if (follow) region.scrollTop = region.scrollHeight;
      }
      prepare(document);
      cover();
    }
  } catch { /* the connection's own loop comes back */ } finally {
    fetching = false;
    if (again) { again = false; refresh(); }
  }
}

export function follow(wait = 250) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/w/${document.body.dataset.person}/live`);
  const offline = document.getElementById("offline");
  socket.onopen = () => { offline.hidden = true; wait = 250; document.body.dataset.live = "1"; refresh(); };
  socket.onmessage = refresh;
  socket.onclose = () => {
    offline.hidden = false;
    delete document.body.dataset.live;
    setTimeout(() => follow(Math.min(wait * 2, 2000)), wait);
  };
}
