const SHOWN = 40;
const REASONS = {
  accuracy: "8 bits cost too much accuracy here",
  "no 8-bit kernel": "the processor that calibrated has no 8-bit kernel for it",
  "asked for": "it was asked for (--keep-float)",
};
const COLOURS = { int8: "#0072b2", kept: "#e69f00" };

function decimals(value, digits) {
  return value == null ? "–" : value.toFixed(digits);
}

function fillTable(id, headings, lines, wordy = 1) {
  const cells = (tag, texts) => texts.map((text, place) => element(tag, text, { class: place < wordy ? "text" : "" }));
  const head = element("tr");
  head.append(...cells("th", headings));
  find(id).querySelector("thead").append(head);
  const rows = lines.map(({ texts, mark }) => {
    const line = element("tr", null, mark ? { class: mark } : {});
    line.append(...cells("td", texts));
    return line;
  });
  find(id).querySelector("tbody").append(...rows);
}

function fillHeader() {
  document.title = `${report.title}: 8 bits`;
  find("title").textContent = `${report.title} in 8 bits`;
  find("where").textContent = report.where.filter(Boolean).join(" · ");
  if (!report.passed) find("verdict").classList.add("failed");
  find("verdict").append(
    ...report.verdict.map((sentence) => element("p", sentence)),
    ...report.warnings.map((warning) => element("p", warning, { class: "warning" })),
  );
}

function fillForms() {
  const times = report.forms.map((form) => form.milliseconds).filter((value) => value != null);
  const fastest = times.length ? Math.min(...times) : null;
  const slowest = report.forms.find((form) => form.name === "fp32")?.milliseconds;
  const headings = ["form", "is", report.measure || "points", "ms", "times as fast as fp32", "file, MB"];
  const lines = report.forms.map((form) => ({
    mark: form.milliseconds != null && form.milliseconds === fastest ? "fastest" : "",
    texts: [
      form.name,
      form.is,
      decimals(form.points, 2),
      decimals(form.milliseconds, 2),
      slowest && form.milliseconds ? (slowest / form.milliseconds).toFixed(2) : "–",
      decimals(form.bytes / 1e6, 1),
    ],
  }));
  fillTable("forms", headings, lines, 2);
}

function fillSamples() {
  find("samples-section").hidden = !report.samples.length;
  for (const sample of report.samples) {
    const pair = element("div", null, { class: "pair" });
    pair.append(element("p", [sample.name, sample.same].filter(Boolean).join(" · ")));
    for (const [form, caption] of [["fp32", "FP32"], ["int8", "INT8"]]) {
      const figure = element("figure");
      figure.append(element("img", null, { src: sample[form], alt: `${caption} on ${sample.name}` }), element("figcaption", caption));
      pair.append(figure);
    }
    find("samples").append(pair);
  }
}

function shownLayers() {
  const worst = [...report.layers].sort((a, b) => a.decibels - b.decibels);
  const chosen = find("all").checked ? worst : worst.slice(0, SHOWN);
  return find("in-order").checked ? report.layers.filter((layer) => chosen.includes(layer)) : chosen;
}

function drawLayers() {
  const visible = shownLayers().reverse();
  const isKept = visible.map((layer) => layer.kept != null);
  const trace = (name, colour, wanted) => ({
    name,
    type: "bar",
    orientation: "h",
    y: visible.filter((layer, place) => isKept[place] === wanted).map((layer) => escapeText(layer.name)),
    x: visible.filter((layer, place) => isKept[place] === wanted).map((layer) => layer.decibels),
    marker: { color: colour },
    hovertemplate: "%{y}: %{x:.1f} dB<extra></extra>",
  });
  const traces = [trace("in 8 bits", COLOURS.int8, false), trace("stays float", COLOURS.kept, true)];
  find("layers").style.height = `${110 + visible.length * 20}px`;
  Plotly.react(
    "layers",
    traces.filter((one) => one.x.length),
    {
      font: { ...FONT, size: isNarrow ? 10 : 12 },
      margin: { l: 10, r: 15, t: 40, b: 45 },
      xaxis: { title: { text: "dB" }, gridcolor: "#e6eaef", rangemode: "tozero" },
      yaxis: {
        automargin: true,
        type: "category",
        categoryorder: "array",
        categoryarray: visible.map((layer) => escapeText(layer.name)),
        dtick: 1,
      },
      showlegend: true,
      legend: { orientation: "h", y: 1, yanchor: "bottom" },
      bargap: 0.25,
    },
    { ...SETTINGS, displayModeBar: false },
  );
}

function fillLayers() {
  find("layers-section").hidden = !report.layers.length;
  if (!report.layers.length) return;
  find("count").textContent = report.layers.length;
  find("all-label").hidden = report.layers.length <= SHOWN;
  find("controls").addEventListener("change", drawLayers);
  find("controls").addEventListener("submit", (event) => event.preventDefault());
  drawLayers();
  window.addEventListener("beforeprint", () => Plotly.Plots.resize("layers"));
}

function fillKept() {
  const kept = Object.entries(report.kept);
  find("kept-section").hidden = !kept.length;
  const found = Object.fromEntries(report.layers.map((layer) => [layer.name, layer.decibels]));
  const lines = kept.map(([name, reason]) => ({ texts: [name, REASONS[reason] ?? reason, decimals(found[name], 1)] }));
  fillTable("kept", ["layer", "why", "alone in 8 bits, dB"], lines, 2);
}

function fillRecipes() {
  fillTable(
    "recipes",
    ["recipe", "dB"],
    report.recipes.map((recipe) => ({ texts: [recipe.name, decimals(recipe.decibels, 2)] })),
  );
}

function fillFacts() {
  for (const [heading, text] of Object.entries(report.facts)) find("facts").append(element("dt", heading), element("dd", text));
}

fillHeader();
fillForms();
fillSamples();
fillLayers();
fillKept();
fillRecipes();
fillFacts();
