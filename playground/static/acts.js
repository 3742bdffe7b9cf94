// What a person does: values are read from the page, sent to the workspace, and its answer is shown.
const busy = new Set();
const problems = new Map();

export async function act(body) {
  try {
    const response = await fetch(`/w/${document.body.dataset.person}/act`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    return await response.json();
  } catch {
    return { ok: false, error: "lost", text: "The workspace can't be reached. Try again." };
  }
}

function raw(element) {
  switch (element.dataset.use) {
    case "multi": return [...element.selectedOptions].map((option) => option.value);
    case "checkbox": return [...element.querySelectorAll("input:checked")].map((input) => input.value);
    case "radio": return element.querySelector("input:checked")?.value ?? null;
    case "date": return "epoch" in element.dataset ? (element.value ? Math.floor(new Date(element.value) / 1000) : null) : element.value || null;
    case "overflow": return element.dataset.value;
    default: return element.value || null;
  }
}

function values(surface) {
  const found = {};
  for (const element of surface.querySelectorAll("[data-use]")) {
    if (["button", "overflow"].includes(element.dataset.use)) continue;
    (found[element.dataset.blockId] ??= {})[element.dataset.actionId] = raw(element);
  }
  return found;
}

const keyOf = (element) =>
  [element.closest("[data-surface]")?.parentElement.id, element.closest("[id]")?.id, element.dataset.blockId, element.dataset.actionId, element.dataset.value].join("|");

// Shows again, on elements that were drawn anew, what is still on its way or went wrong.
export function prepare(root) {
  for (const element of root.querySelectorAll("[data-use]")) {
    const key = keyOf(element);
    if (busy.has(key)) element.setAttribute("aria-busy", "true");
    else element.removeAttribute("aria-busy");
    const place = element.closest(".element")?.querySelector(".problem");
    if (place && element.dataset.use !== "overflow") {
      place.textContent = problems.has(key) ? `⚠ ${problems.get(key)}` : "";
      place.hidden = !problems.has(key);
    }
  }
  for (const input of root.querySelectorAll("input[data-epoch]:not([data-touched])")) {
    if (input.dataset.epoch && !input.value) {
      const moment = new Date(input.dataset.epoch * 1000);
      input.value = new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    }
  }
}

function confirmed(element) {
  const template = element.closest(".element").querySelector("dialog.confirm");
  if (!template) return Promise.resolve(true);
  const dialog = template.cloneNode(true);
  document.body.append(dialog);
  return new Promise((resolve) => {
    const end = (yes) => { dialog.remove(); resolve(yes); };
    dialog.addEventListener("cancel", () => end(false));
    dialog.addEventListener("click", (event) => { if (event.target.value) end(event.target.value === "confirm"); });
    dialog.showModal();
  });
}

export async function press(element, event) {
  const key = keyOf(element), surface = element.closest("[data-surface]");
  if (busy.has(key)) { event?.preventDefault(); return; }
  const { blockId, actionId, url } = element.dataset;
  const body = { kind: "use", block_id: blockId, action_id: actionId, values: values(surface) };
  if (element.dataset.use === "overflow") (body.values[blockId] ??= {})[actionId] = raw(element);
  Object.assign(body, surface.dataset.view ? { view: surface.dataset.view } : { channel: surface.dataset.channel, ts: surface.dataset.ts });
  if (!(await confirmed(element))) return;
  if (url) window.open(url, "_blank", "noopener");
  problems.delete(key);
  busy.add(key);
  prepare(document);
  const answer = await act(body);
  busy.delete(key);
  if (!answer.ok) problems.set(key, answer.text ?? "Something went wrong. Try again.");
  prepare(document);
}

export async function submit(form) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  trouble(form, "", {});
  const answer = await act({ kind: "submit", view: form.dataset.view, values: values(form) });
  const now = document.querySelector(`.modal[data-view="${form.dataset.view}"]`);
  form.removeAttribute("aria-busy");
  now?.removeAttribute("aria-busy");
  if (!answer.ok && now) trouble(now, answer.text ?? "", answer.errors ?? {});
}

function trouble(form, text, errors) {
  const place = form.querySelector(".trouble");
  place.textContent = text ? `⚠ ${text}` : "";
  place.hidden = !text;
  if (Array.isArray(errors)) return;
  for (const block of form.querySelectorAll("[data-input-block]")) {
    const fault = block.querySelector(".fault"), says = errors[block.dataset.block] ?? "";
    fault.textContent = says;
    fault.hidden = !says;
    if (says) block.querySelector("[data-use]")?.setAttribute("aria-invalid", "true");
    else block.querySelector("[data-use]")?.removeAttribute("aria-invalid");
  }
}

export const close = (form, everything) => act({ kind: "close", view: form.dataset.view, everything });
// A page that is left takes its modals along: who comes back later, or as somebody else, finds none of them.
export const leave = () => document.querySelector(".modal") && navigator.sendBeacon(
  `/w/${document.body.dataset.person}/act`, new Blob([JSON.stringify({ kind: "leave" })], { type: "application/json" }),
);
export const dismiss = (surface) => act({ kind: "dismiss", channel: surface.dataset.channel, ts: surface.dataset.ts });
