// A committee's list on a tablet: what is entered is kept on it at once, also without a connection, and sent when there is
// one. Every answer has a number of its own, so that one that is sent twice counts once. Without this script the page is a
// plain form.
"use strict";
(() => {
  const form = document.querySelector("form[data-list]");
  if (!form) return;
  const key = `kafalat-list-${form.dataset.list}`;
  const words = form.dataset;
  const status = document.getElementById("tablet-status");
  const forget = document.getElementById("tablet-forget");
  const FIELDS = ["verdict", "reason", "note", "member", "conflict"];
  let sending = false;

  const read = () => JSON.parse(localStorage.getItem(key) || "{}");
  const write = (kept) => localStorage.setItem(key, JSON.stringify(kept));

  function number() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  const entries = () => [...form.querySelectorAll("[data-entry]")];

  function values(entry) {
    const found = {};
    for (const name of FIELDS) {
      const field = form.elements[`${name}_${entry.dataset.entry}`];
      found[name] = field ? field.value : "";
    }
    return found;
  }

  function show(entry, answer) {
    for (const name of FIELDS) {
      const field = form.elements[`${name}_${entry.dataset.entry}`];
      if (field && answer[name] !== undefined) field.value = answer[name];
    }
  }

  function mark(entry, state, sentence) {
    entry.dataset.state = state;
    const line = entry.querySelector(".entry-state");
    line.textContent = sentence || (state === "kept" ? words.kept : state === "saved" ? words.saved : "");
  }

  function tell(sentence) {
    const waiting = Object.keys(read()).length;
    const unsent = waiting ? `${words.unsent} ${waiting}` : words.nothing;
    const kept = form.dataset.ready === "yes" ? words.carried : "";
    status.textContent = [sentence, navigator.onLine ? "" : words.offline, kept, unsent].filter(Boolean).join(" · ");
  }

  function open(entry) {
    const verdict = values(entry).verdict;
    if (verdict && verdict !== "confirm") entry.querySelector("details").open = true;
  }

  form.addEventListener("change", (event) => {
    const entry = event.target.closest("[data-entry]");
    if (!entry) return;
    const kept = read();
    // A new number for new content: the old one may be on its way.
    kept[entry.dataset.entry] = {
      entry: Number(entry.dataset.entry), ...values(entry), replaces: entry.dataset.verdict || null, client_id: number(),
    };
    write(kept);
    mark(entry, "kept");
    open(entry);
    tell();
  });

  async function token() {
    const answer = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store" });
    if (answer.redirected) throw new Error("login");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const field = page.querySelector("form[data-list] input[name=csrfmiddlewaretoken]");
    if (!field) throw new Error("closed");
    return field.value;
  }

  async function send() {
    const answers = Object.values(read()).filter((answer) => answer.verdict || answer.conflict);
    if (sending || !answers.length) return tell();
    sending = true;
    try {
      const answer = await fetch(form.dataset.receive, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": await token() },
        body: JSON.stringify({ answers }),
      });
      if (!answer.ok || answer.redirected) throw new Error("refused");
      const told = await answer.json();
      const kept = read();
      for (const outcome of told.outcomes) {
        const entry = form.querySelector(`[data-entry="${outcome.entry}"]`);
        const mine = kept[outcome.entry];
        if (!mine || mine.client_id !== outcome.client_id) continue; // changed meanwhile: sent next time
        if (outcome.saved) {
          delete kept[outcome.entry];
          if (outcome.verdict) entry.dataset.verdict = outcome.verdict;
          mark(entry, "saved");
        } else {
          mark(entry, "refused", outcome.sentence);
          entry.querySelector("details").open = true;
        }
      }
      write(kept);
      tell();
    } catch (trouble) {
      tell(trouble.message === "login" ? words.login : words.later);
    } finally {
      sending = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  window.addEventListener("online", send);
  window.addEventListener("offline", () => tell());

  async function forgetAll() {
    localStorage.removeItem(key);
    for (const name of await caches.keys()) await caches.delete(name);
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  }

  forget.addEventListener("click", async () => {
    if (Object.keys(read()).length && !confirm(words.sure)) return;
    await forgetAll();
    tell(words.forgotten);
  });

  async function keepPage() {
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data.kept === undefined) return;
      form.dataset.ready = event.data.kept ? "yes" : "no";
      tell();
    });
    await navigator.serviceWorker.register("/committee-worker.js", { scope: location.pathname });
    const worker = (await navigator.serviceWorker.ready).active;
    const used = performance.getEntriesByType("resource").map((entry) => entry.name);
    const linked = [...document.querySelectorAll("link[href], script[src], img[src]")].map((node) => node.href || node.src);
    const own = [...used, ...linked].filter((address) => address.startsWith(`${location.origin}/static/`));
    worker.postMessage({ keep: [...new Set([location.pathname, ...own])] });
  }

  for (const entry of entries()) {
    const mine = read()[entry.dataset.entry];
    if (mine) {
      show(entry, mine);
      mark(entry, "kept");
    }
    open(entry);
  }
  forget.hidden = false;
  tell();
  // Names do not stay on a tablet longer than the list is open.
  if (new Date().toISOString().slice(0, 10) > form.dataset.deadline && !Object.keys(read()).length) forgetAll();
  else document.fonts.ready.then(keepPage);
  if (navigator.onLine) send();
})();
