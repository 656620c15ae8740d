// Three conveniences; every page works without them.
"use strict";

document.documentElement.classList.add("js");

// The status panel updates itself while a picture is being checked.
const panel = document.querySelector("[data-panel][data-poll]");
if (panel) {
  let wait = 1000;
  const ask = async () => {
    try {
      const answer = await fetch(panel.dataset.poll, { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.status === 404) return;
      if (answer.ok) {
        const upload = await answer.json();
        if (upload.final) {
          panel.innerHTML = upload.panel;
          return;
        }
      }
    } catch {
      // Offline, or signed out in another tab: ask again, less often.
    }
    wait = Math.min(wait * 1.4, 15000);
    setTimeout(ask, wait);
  };
  setTimeout(ask, wait);
}

// A chosen picture is shown before it is sent; one can also be dropped.
for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = zone.querySelector("input[type=file]");
  const preview = zone.querySelector("[data-preview]");
  const note = zone.querySelector("[data-drop-note]");
  const largest = Number(zone.dataset.maxBytes);
  const button = input.form.querySelector("button[type=submit]");
  let address = "";

  const show = () => {
    const file = input.files[0];
    URL.revokeObjectURL(address);
    address = "";
    preview.replaceChildren();
    preview.hidden = true;
    note.textContent = "";
    note.classList.remove("wrong");
    button.disabled = false;
    if (!file) return;
    if (file.size > largest) {
      note.textContent = `${file.name} is too large: ${megabytes(file.size)}, and up to ${megabytes(largest)} can be sent.`;
      note.classList.add("wrong");
      button.disabled = true;
      return;
    }
    note.textContent = `${file.name}, ${megabytes(file.size)}. Press Save to send it.`;
    address = URL.createObjectURL(file);
    const image = new Image();
    image.alt = "The picture that you chose";
    image.onload = () => {
      preview.replaceChildren(image);
      preview.hidden = false;
    };
    image.src = address;
  };

  input.addEventListener("change", show);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) {
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      input.files = one.files;
      show();
    }
  });
}

// A form is sent once, and says that it is on its way.
for (const form of document.querySelectorAll("form[enctype]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    button.textContent = "Sending…";
  });
}
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}
