"use strict";
// What was typed outlives an expired session. Before a form with fields is posted, one small request asks whether its page is
// still signed in. If it is not, the form stays as it is, and the page's [data-signed-out] is shown beside the button.
// Without this script the form is posted at once.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const notice = document.querySelector("[data-signed-out]");
  const method = button?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get";
  const fields = "input:not([type=hidden]), textarea, select";
  if (!notice || method.toLowerCase() !== "post" || !form.querySelector(fields)) return;
  if (form.dataset.asked === "yes") { delete form.dataset.asked; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.asked) return;
  form.dataset.asked = "now";
  let signedOut = false;
  try {
    // An answer that leads elsewhere leads to the sign-in.
    const answer = await fetch(notice.dataset.check, {method: "HEAD", redirect: "manual", cache: "no-store"});
    signedOut = answer.type === "opaqueredirect";
  } catch {
    // Offline: the browser says so itself, better than we could.
  }
  delete form.dataset.asked;
  notice.hidden = !signedOut;
  if (signedOut) {
    (button ?? form).before(notice);
    return;
  }
  // Signing in changes the token: the cookie has the newest.
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  const field = form.querySelector("[name=csrfmiddlewaretoken]");
  if (token && field) field.value = token;
  form.dataset.asked = "yes";
  form.requestSubmit(button);
  // A field that the browser finds wrong stops it before it is submitted.
  delete form.dataset.asked;
}, true);
