"use strict";
// Files that are dropped or pasted join those that were chosen.
document.addEventListener("DOMContentLoaded", () => {
  const zone = document.querySelector("[data-drop]");
  if (!zone) return;
  const input = zone.querySelector('input[type="file"]');
  const list = zone.querySelector("[data-files]");
  let chosen = [];

  const show = () => {
    const transfer = new DataTransfer();
    chosen.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    list.replaceChildren(...chosen.map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name} (${Math.max(1, Math.round(file.size / 1024))} kB)`;
      return item;
    }));
  };
  const add = (files) => { chosen = [...chosen, ...files]; show(); };

  input.addEventListener("change", () => { const fresh = [...input.files]; chosen = []; add(fresh); });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("mod-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("mod-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("mod-over");
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) { event.preventDefault(); add(files); }
  });
});
