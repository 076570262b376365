// Keeps a committee's list and what it is drawn with readable without a connection. It answers for one list alone (its
// scope), asks the network first, and stores no answer: those lie with the page (committee.js) until they are sent.
"use strict";
const STORE = "kafalat-committee";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (event.data.keep) event.waitUntil(keep(event.data.keep).then((kept) => event.source.postMessage({ kept })));
});

// Says whether all of it is kept: only then may the tablet promise that the list opens without a connection.
async function keep(addresses) {
  const store = await caches.open(STORE);
  try {
    for (const address of addresses) {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return false;
      await store.put(address, answer);
    }
  } catch (unreachable) {
    return false;
  }
  return true;
}

async function first(request, fromNetwork) {
  const store = await caches.open(STORE);
  if (!fromNetwork) {
    const known = await store.match(request, { ignoreSearch: true });
    if (known) return known;
  }
  try {
    const answer = await fetch(request);
    // A page of the login, where the session has ended, is shown but never kept as the list.
    if (answer.ok && !answer.redirected && answer.type === "basic") await store.put(request, answer.clone());
    return answer;
  } catch (unreachable) {
    const known = await store.match(request, { ignoreSearch: true });
    if (known) return known;
    throw unreachable;
  }
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(first(event.request, false));
  else if (address.href.split("?")[0] === self.registration.scope) event.respondWith(first(event.request, true));
});
