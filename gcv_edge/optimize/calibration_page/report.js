const SHOWN = 40;
const REASONS = {
  accuracy: "8 bits cost too much accuracy here",
  "no 8-bit kernel": "the processor that calibrated has no 8-bit kernel for it",
  "asked for": "it was asked for (--keep-float)",
};
const COLOURS = { int8: "#0072b2", kept: "#e69f00" };
const ERROR = "error of the outputs, %";

/* Decibels of agreement as the part of the outputs' spread that the error has. */
function errorPercent(decibels) {
  return decibels == null ? null : 100 * 10 ** (-decibels / 20);
}

function shownError(decibels) {
  return decibels == null ? "–" : Number(errorPercent(decibels).toPrecision(3)).toString();
}

function fillForms() {
  const times = report.forms.map((form) => form.milliseconds).filter((value) => value != null);
  const fastest = times.length ? Math.min(...times) : null;
  const slowest = report.forms.find((form) => form.name === "fp32")?.milliseconds;
  const columns = [
    { title: "form", kind: "text", text: (form) => form.name },
    { title: report.measure || "points", text: (form) => decimals(form.points, 2) },
    { title: "ms", text: (form) => decimals(form.milliseconds, 2) },
    { title: "times as fast", kind: "long", text: (form) => (slowest && form.milliseconds ? (slowest / form.milliseconds).toFixed(2) : "–") },
    { title: "MB", text: (form) => decimals(form.bytes / 1e6, 1) },
    { title: "what it is", kind: "note", text: (form) => form.is },
  ];
  fillTable("forms", columns, report.forms, (form) => (form.milliseconds != null && form.milliseconds === fastest ? "best" : ""));
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
  const bars = (name, color, wanted) => {
    const layers = visible.filter((layer) => (layer.kept != null) === wanted);
    return {
      name,
      type: "bar",
      orientation: "h",
      y: layers.map((layer) => layer.name),
      x: layers.map((layer) => errorPercent(layer.decibels)),
      text: layers.map((layer) => `${escapeText(layer.name)}: ${shownError(layer.decibels)} % (${decimals(layer.decibels, 1)} dB)`),
      textposition: "none",
      marker: { color },
      hovertemplate: "%{text}<extra></extra>",
    };
  };
  const traces = [bars("in 8 bits", COLOURS.int8, false), bars("stays float", COLOURS.kept, true)];
  const names = visible.map((layer) => layer.name);
  find("layers").style.height = `${110 + visible.length * (isNarrow ? 26 : 20)}px`;
  drawBarChart("layers", traces.filter((trace) => trace.x.length), ERROR, {
    yaxis: {
      automargin: true,
      type: "category",
      categoryorder: "array",
      categoryarray: names,
      tickvals: names,
      ticktext: shortNames(names),
    },
    bargap: 0.25,
  });
}

function fillLayers() {
  find("layers-section").hidden = !report.layers.length;
  if (!report.layers.length) return;
  find("count").textContent = report.layers.length;
  find("all-label").hidden = report.layers.length <= SHOWN;
  find("controls").addEventListener("change", drawLayers);
  find("controls").addEventListener("submit", (event) => event.preventDefault());
  drawLayers();
}

function fillKept() {
  const kept = Object.entries(report.kept);
  find("kept-section").hidden = !kept.length;
  const found = Object.fromEntries(report.layers.map((layer) => [layer.name, layer.decibels]));
  const columns = [
    { title: "layer", kind: "text long", text: ([name]) => name },
    { title: `alone in 8 bits: ${ERROR}`, kind: "long", text: ([name]) => shownError(found[name]) },
    { title: "why", kind: "note", text: ([, reason]) => REASONS[reason] ?? reason },
  ];
  fillTable("kept", columns, kept);
}

function fillRecipes() {
  const columns = [
    { title: "recipe", kind: "text long", text: (recipe) => recipe.name },
    { title: ERROR, kind: "long", text: (recipe) => shownError(recipe.decibels) },
    { title: "dB", text: (recipe) => decimals(recipe.decibels, 2) },
  ];
  fillTable("recipes", columns, report.recipes);
}

fillHeader(`${report.title} in 8 bits`);
fillForms();
fillSamples();
fillLayers();
fillKept();
fillRecipes();
fillFacts();
