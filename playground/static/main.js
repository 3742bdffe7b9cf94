// Starts a page: live news, the composers, and everything that can be pressed or chosen.
import { act, press, submit, close, dismiss, leave, prepare } from "./acts.js";
import { follow, settle } from "./live.js";

const resize = (box) => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 180)}px`; };

async function send(form) {
  const box = form.elements.text;
  const text = box.value;
  if (!text.trim() || form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  box.value = "";
  resize(box);
  form.querySelector(".hint").hidden = true;
  const { channel, thread } = form.dataset;
  const answer = await act({ kind: "write", channel, thread, text });
  form.removeAttribute("aria-busy");
  if (answer.error === "lost" && !box.value) box.value = text;
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches(".composer")) send(event.target);
  else if (event.target.matches(".modal")) submit(event.target);
});

document.addEventListener("keydown", (event) => {
  const composer = event.target.closest(".composer");
  if (composer && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send(composer);
  } else if (event.key === "Escape") {
    const open = document.querySelector("[data-menu][aria-expanded=true]");
    if (open) toggle(open, false);
    else if (document.querySelector(".modal") && !document.querySelector("dialog[open]")) close(document.querySelector(".modal"), false);
  } else if (event.key === "Enter" && event.target.matches("input[data-dispatch]")) {
    event.preventDefault();
    press(event.target);
  } else if (event.key === "Enter" && event.target.matches(".modal input")) {
    event.preventDefault();
    submit(event.target.closest(".modal"));
  }
});

document.addEventListener("input", (event) => {
  event.target.dataset.touched = "1";
  event.target.closest("fieldset")?.setAttribute("data-touched", "1");
  const composer = event.target.closest(".composer");
  if (!composer) return;
  resize(event.target);
  const typed = event.target.value, command = document.body.dataset.command;
  composer.querySelector(".hint").hidden = !(typed.startsWith("/") && command.startsWith(typed.split(" ")[0]) && !typed.includes(" "));
});

document.addEventListener("change", (event) => {
  const element = event.target.closest("[data-use]");
  if (!element || ["button", "overflow"].includes(element.dataset.use)) return;
  const input = element.closest("[data-input-block]");
  if (!input || "dispatch" in input.dataset) press(element);
});

function toggle(button, open) {
  for (const other of document.querySelectorAll("[data-menu]")) {
    const show = other === button && open;
    other.setAttribute("aria-expanded", String(show));
    other.nextElementSibling.hidden = !show;
  }
  if (open) button.nextElementSibling.querySelector("button").focus();
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const menu = at("[data-menu]");
  if (menu) return toggle(menu, menu.getAttribute("aria-expanded") !== "true");
  const pressed = at("[data-use=button], [data-use=overflow]");
  toggle(null, false);
  if (pressed) return press(pressed, event);
  if (at("[data-close]")) return close(at(".modal"), at("[data-close]").dataset.close === "all");
  if (at("[data-dismiss]")) return dismiss(at("[data-surface]"));
});

addEventListener("pagehide", leave);

prepare(document);
settle();
follow();
if (["home", "app"].includes(document.body.dataset.place)) {
  act({ kind: "look", tab: document.body.dataset.place === "home" ? "home" : "messages" });
}
