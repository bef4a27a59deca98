"use strict";

const SETTINGS = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
const isNarrow = window.innerWidth < 640;
if (isNarrow) SETTINGS.displayModeBar = false;
const FONT = { family: "system-ui, sans-serif", size: 13, color: "#1b1f24" };

const report = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text != null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function unique(values) {
  return [...new Set(values)];
}

function escapeText(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

function wrap(text, width) {
  const lines = [""];
  for (const word of escapeText(text).split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= width) lines.push("");
    lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  }
  return lines.join("<br>");
}

