"use strict";
class SignedOut extends Error {}
// The review queue by keyboard: the next item is there before it is needed.
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("mod-review");
  if (!root) return;
  const place = root.querySelector("[data-item-place]");
  const toast = root.querySelector("[data-toast]");
  // Django changes the token when one signs in, as after an expired session in another tab: the cookie has the newest.
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1]
    ?? document.querySelector("[name=csrfmiddlewaretoken]").value;
  const signedOut = document.querySelector("[data-signed-out]");
  let next = null;
  let busy = false;

  const say = (text, wrong = false, decision = null) => {
    signedOut.hidden = true;
    toast.textContent = decision ? `${text} ` : text;
    toast.classList.toggle("mod-wrong", wrong);
    if (!decision) return;
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "mod-link", textContent: root.dataset.undoText, onclick: () => undo([["decision", decision]]),
    });
    toast.append(button);
  };
  // What was typed stays on the page: one signs in in another tab and presses the button again.
  const failed = (error) => {
    if (!(error instanceof SignedOut)) { say(root.dataset.offline, true); return; }
    signedOut.hidden = false;
    toast.after(signedOut);
  };
  const current = () => Number(place.querySelector("[data-id]")?.dataset.id ?? 0);
  const post = async (url, fields) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", token());
    for (const [name, value] of fields) body.append(name, value);
    const answer = await fetch(url, {method: "POST", body, headers: {"X-Requested-With": "fetch"}});
    if (answer.redirected) throw new SignedOut();
    if (!answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error(String(answer.status));
    return answer.json();
  };

  // Claimed and loaded ahead, pictures included.
  const prefetch = () => {
    const id = current();
    next = post(root.dataset.next, [["after", id], ["without", id]]).then((item) => {
      if (!item.id) return null;
      const holder = document.createElement("div");
      holder.innerHTML = item.html;
      for (const picture of holder.querySelectorAll("img")) {
        picture.loading = "eager";
        new Image().src = picture.src;
      }
      return {...item, node: holder.firstElementChild};
    }).catch(() => null);
  };

  const show = (item) => {
    document.body.classList.remove("mod-unveiled");
    place.replaceChildren(item.node);
    place.focus({preventScroll: true});
    window.scrollTo({top: 0});
    history.replaceState(null, "", item.url);
    undoButton();
    prefetch();
  };

  const undoButton = () => {
    const button = place.querySelector("[data-undo-button]");
    if (button) button.hidden = false;
  };

  const decide = async (button) => {
    if (busy) return;
    busy = true;
    const form = button.form;
    place.classList.add("mod-busy");
    try {
      const fields = [...new FormData(form).entries()].filter(([name]) => name !== "csrfmiddlewaretoken");
      // Not form.action: the buttons are called "action", and so hide it.
      const result = await post(form.getAttribute("action"), [...fields, ["action", button.value]]);
      if (!result.ok && result.held) { location.reload(); return; }
      say(result.message, !result.ok, result.undo);
      const item = await next;
      if (item) show(item);
      // With nothing to go on to, what was learned is read and taken back on the grid, where it is listed.
      else location.assign(root.dataset.grid);
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
      place.classList.remove("mod-busy");
    }
  };

  const undo = async (named = []) => {
    if (busy) return;
    busy = true;
    try {
      const result = await post(root.dataset.undo, named);
      say(result.message, !result.ok);
      if (result.ok && result.upload) {
        location.assign(root.dataset.item.replace("/0/", `/${result.upload}/`));
      }
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
    }
  };

  place.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-undo-button]")) { undo(); return; }
    if (button.form?.matches("[data-decide]")) { event.preventDefault(); decide(button); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "z") { event.preventDefault(); undo(); return; }
    const button = place.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (button) { event.preventDefault(); decide(button); }
  });
  undoButton();
  prefetch();
});
