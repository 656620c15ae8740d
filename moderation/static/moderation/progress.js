"use strict";
// Numbers of a running rescan, until it is over.
document.addEventListener("DOMContentLoaded", () => {
  for (const section of document.querySelectorAll("[data-rescan][data-open]")) {
    const bar = section.querySelector("[data-progress]");
    const look = async () => {
      let state;
      try {
        const answer = await fetch(section.dataset.rescan, {headers: {Accept: "application/json"}});
        if (!answer.ok) return;
        state = await answer.json();
      } catch { setTimeout(look, 5000); return; }
      for (const field of section.querySelectorAll("[data-f]")) field.textContent = state[field.dataset.f] ?? "";
      if (bar && state.total) { bar.max = state.total; bar.value = state.examined; }
      if (state.status === "open") setTimeout(look, 1000);
      else { bar?.remove(); location.reload(); }
    };
    look();
  }
});
