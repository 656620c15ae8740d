"use strict";
// Shared by all pages of the desk: the veil over pictures.
document.addEventListener("DOMContentLoaded", () => {
  const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");
  const toggle = () => document.body.classList.toggle("mod-unveiled");

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-reveal]")) toggle();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "v" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    toggle();
  });

  const form = document.querySelector("[data-veil-form]");
  if (form) {
    form.classList.add("mod-scripted");
    form.querySelector("[data-veil-select]").addEventListener("change", async (event) => {
      const veil = event.target.value;
      document.body.classList.remove("mod-veil-blur", "mod-veil-grey", "mod-veil-none", "mod-unveiled");
      document.body.classList.add(`mod-veil-${veil}`);
      await fetch(form.action, {method: "POST", body: new FormData(form), headers: {"X-Requested-With": "fetch"}});
    });
  }
});
