"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-grid]");
  if (!form) return;
  const boxes = [...form.querySelectorAll('input[name="uploads"]')];
  const chosen = form.querySelector("[data-chosen]");
  const count = () => { if (chosen) chosen.textContent = String(boxes.filter((box) => box.checked).length || ""); };
  form.querySelector("[data-all]")?.addEventListener("click", () => {
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => { box.checked = !all; });
    count();
  });
  form.addEventListener("change", count);
});
