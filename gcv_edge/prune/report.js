const BEFORE = "#c6d3e1";
const AFTER = "#0072b2";
const STAGES = { widths: "#e69f00", exchange: "#009e73", fit: "#0072b2", distill: "#cc79a7" };

function axis(title, more = {}) {
  return { title: { text: title }, gridcolor: "#e6eaef", linecolor: "#8c959f", automargin: true, ...more };
}

function shown(value, digits) {
  return value == null ? "–" : value.toFixed(digits);
}

function fillHeader() {
  document.title = `${report.title}: pruned`;
  find("title").textContent = `${report.title}, pruned`;
  if (!report.passed) find("verdict").classList.add("failed");
  find("verdict").append(...report.verdict.map((sentence) => element("p", sentence)));
  for (const [name, text] of Object.entries(report.facts)) find("facts").append(element("dt", name), element("dd", text));
}

function drawWidths() {
  const only = find("narrower").checked;
  const spaces = report.spaces.filter((space) => !only || space.after < space.before).reverse();
  const names = spaces.map((space) => wrap(space.name, isNarrow ? 16 : 40));
  const bars = (name, key, colour, width) => ({
    name,
    type: "bar",
    orientation: "h",
    y: names,
    x: spaces.map((space) => space[key]),
    width,
    marker: { color: colour },
    hovertemplate: `%{y}: %{x} ${name}<extra></extra>`,
  });
  find("widths").style.height = `${110 + spaces.length * 26}px`;
  Plotly.react(
    "widths",
    [bars("before", "before", BEFORE, 0.8), bars("after", "after", AFTER, 0.45)],
    {
      font: { ...FONT, size: isNarrow ? 10 : 12 },
      barmode: "overlay",
      margin: { l: 10, r: 15, t: 30, b: 45 },
      xaxis: axis("channels", { rangemode: "tozero" }),
      yaxis: { automargin: true, type: "category" },
      legend: { orientation: "h", y: 1, yanchor: "bottom" },
    },
    { ...SETTINGS, displayModeBar: false },
  );
}

function drawCurves() {
  const traces = Object.entries(report.curves).map(([name, points]) => ({
    name,
    type: "scatter",
    mode: "lines+markers",
    x: points.map((point) => 100 * point[0]),
    y: points.map((point) => Math.max(point[1], 1e-6)),
    hovertemplate: `${escapeText(name)}<br>%{x:.0f} % of the channels: %{y:.3g}<extra></extra>`,
  }));
  Plotly.react(
    "curves",
    traces,
    {
      font: FONT,
      margin: { l: 55, r: 15, t: 10, b: 50 },
      xaxis: axis("channels kept, %", { range: [-3, 100] }),
      yaxis: axis(report.measure, { type: "log" }),
      showlegend: !isNarrow,
      legend: { font: { size: 10 } },
      hovermode: "closest",
    },
    SETTINGS,
  );
}

function drawTrail() {
  const placed = report.trail.filter((step) => step.speedup != null && step.loss != null);
  find("trail-plot").hidden = placed.length < 2;
  if (placed.length > 1) {
    const traces = unique(placed.map((step) => step.stage)).map((stage) => {
      const steps = placed.filter((step) => step.stage === stage);
      return {
        name: stage,
        type: "scatter",
        mode: "lines+markers",
        x: steps.map((step) => step.speedup),
        y: steps.map((step) => step.loss),
        marker: { size: 10, color: STAGES[stage] },
        line: { color: STAGES[stage], dash: "dot" },
        hovertemplate: "%{x:.2f} times as fast, %{y:.4g} lost<extra></extra>",
      };
    });
    Plotly.react(
      "trail-plot",
      traces,
      {
        font: FONT,
        margin: { l: 55, r: 15, t: 10, b: 50 },
        xaxis: axis("times as fast as the whole network"),
        yaxis: axis(report.measure, { rangemode: "tozero" }),
        hovermode: "closest",
      },
      { ...SETTINGS, displayModeBar: false },
    );
  }
  fillTrail();
}

function fillTrail() {
  const headings = ["stage", "what", "times as fast", report.measure, "first choices changed, %", "score"];
  const cells = (tag, texts) => texts.map((text, place) => element(tag, text, { class: place < 2 ? "text" : "" }));
  const head = element("tr");
  head.append(...cells("th", headings));
  document.querySelector("#trail thead").append(head);
  for (const step of report.trail) {
    const line = element("tr");
    line.append(
      ...cells("td", [step.stage, step.what, shown(step.speedup, 2), shown(step.loss, 4), shown(step.changed, 2), shown(step.score, 2)]),
    );
    document.querySelector("#trail tbody").append(line);
  }
}

fillHeader();
drawWidths();
drawCurves();
drawTrail();
find("controls").addEventListener("change", drawWidths);
find("controls").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("beforeprint", () => ["widths", "curves"].forEach((id) => Plotly.Plots.resize(id)));
