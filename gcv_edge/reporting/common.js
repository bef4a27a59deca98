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

/* What tells names of layers apart: without the words that all begin with on a phone, and both ends of what is still too long. */
function shortNames(names) {
  const skipped = isNarrow && names.length > 1 ? commonStart(names) : 0;
  return names.map((name) => {
    const rest = name.slice(skipped);
    const kept = Math.floor((LONGEST_NAME - 1) / 2);
    return escapeText(rest.length <= LONGEST_NAME ? rest : `${rest.slice(0, kept)}…${rest.slice(-kept)}`);
  });
}

function commonStart(names) {
  const [first, ...others] = names;
  let length = 0;
  while (length < first.length && others.every((name) => name[length] === first[length])) length++;
  return Math.max(...["_", "/", "."].map((mark) => first.lastIndexOf(mark, length - 1))) + 1;
}

function decimals(value, digits) {
  return value == null ? "–" : value.toFixed(digits);
}

/* The top of a page: its title, where and when it was measured, and the verdict. */
function fillHeader(title) {
  document.title = title;
  find("title").textContent = title;
  find("where").textContent = (report.where ?? []).filter(Boolean).join(" · ");
  find("where").hidden = !find("where").textContent;
  if (report.passed === false) find("verdict").classList.add("failed");
  find("verdict").append(
    ...report.verdict.map((sentence) => element("p", sentence)),
    ...(report.warnings ?? []).map((warning) => element("p", warning, { class: "warning" })),
  );
}

function fillFacts() {
  for (const [heading, text] of Object.entries(report.facts)) find("facts").append(element("dt", heading), element("dd", text));
}

/* A column has a title, the text that it shows of a row, and a kind: "text", nothing for numbers, "long"
   for what may wrap, "note" for sentences. */
function fillTable(id, columns, rows, mark = () => "") {
  const line = (tag, text) => {
    const made = element("tr");
    made.append(...columns.map((column) => element(tag, text(column), { class: column.kind ?? "" })));
    return made;
  };
  find(id).querySelector("thead").append(line("th", (column) => column.title));
  const lines = rows.map((row) => {
    const made = line("td", (column) => column.text(row));
    made.className = mark(row);
    return made;
  });
  find(id).querySelector("tbody").append(...lines);
}

function axis(title, more = {}) {
  return { title: { text: title }, gridcolor: "#e6eaef", linecolor: "#8c959f", automargin: true, ...more };
}

/* Characters that fit on a line beside bars, and of a name that has no place to break. */
const NAME_WIDTH = isNarrow ? 16 : 40;
const LONGEST_NAME = isNarrow ? 24 : 60;

/* Legends that stand clear of the axis: above, or at the lower end of what the chart may take. */
const ABOVE = { orientation: "h", y: 1, yanchor: "bottom", traceorder: "normal" };
const BELOW = { orientation: "h", yref: "container", y: 0, yanchor: "bottom" };

function drawChart(id, traces, layout, settings = {}) {
  const base = { font: FONT, margin: { l: 55, r: 15, t: 10, b: 50 }, showlegend: true, hovermode: "closest", plot_bgcolor: "#fff" };
  charts.add(id);
  Plotly.react(id, traces, { ...base, ...layout }, { ...SETTINGS, ...settings });
}

function drawBarChart(id, traces, title, layout = {}) {
  const base = {
    font: { ...FONT, size: isNarrow ? 10 : 12 },
    margin: { l: 10, r: 15, t: 40, b: 45 },
    xaxis: axis(title, { rangemode: "tozero" }),
    yaxis: { automargin: true, type: "category" },
    legend: ABOVE,
  };
  drawChart(id, traces, { ...base, ...layout }, { displayModeBar: false });
}

/* Charts take the width of the paper while a page is printed: 273 mm, what A4 leaves between the margins. */
const PAPER_WIDTH = 1010;
const charts = new Set();
const drawn = () => [...charts].filter((id) => find(id).offsetParent != null);
window.addEventListener("beforeprint", () => drawn().forEach((id) => Plotly.relayout(id, { width: PAPER_WIDTH, autosize: false })));
window.addEventListener("afterprint", () => drawn().forEach((id) => Plotly.relayout(id, { width: null, autosize: true })));
