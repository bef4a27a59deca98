const BEFORE = "#c6d3e1";
const AFTER = "#0072b2";
const STAGES = { widths: "#e69f00", exchange: "#009e73", fit: "#0072b2", distill: "#cc79a7" };

function drawWidths() {
  const only = find("narrower").checked;
  const spaces = report.spaces.filter((space) => !only || space.after < space.before).reverse();
  const names = shortNames(spaces.map((space) => space.name));
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
  drawBarChart("widths", [bars("before", "before", BEFORE, 0.8), bars("after", "after", AFTER, 0.45)], "channels", { barmode: "overlay" });
}

function drawCurves() {
  const names = shortNames(Object.keys(report.curves));
  const traces = Object.entries(report.curves).map(([name, points], place) => ({
    name: names[place],
    type: "scatter",
    mode: "lines+markers",
    x: points.map((point) => 100 * point[0]),
    y: points.map((point) => Math.max(point[1], 1e-6)),
    hovertemplate: `${escapeText(name)}<br>%{x:.0f} % of the channels: %{y:.3g}<extra></extra>`,
  }));
  drawChart("curves", traces, {
    xaxis: axis("channels kept, %", { range: [-3, 100] }),
    yaxis: axis(report.measure, { type: "log", dtick: "D2" }),
    margin: { l: 55, r: 15, t: isNarrow ? 10 : 35, b: 50 },
    legend: { font: { size: 10 }, ...(isNarrow ? BELOW : {}) },
  });
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
    drawChart(
      "trail-plot",
      traces,
      {
        xaxis: axis("times as fast as the whole network"),
        yaxis: axis(report.measure, { rangemode: "tozero" }),
        legend: ABOVE,
        margin: { l: 55, r: 15, t: 30, b: 50 },
      },
      { displayModeBar: false },
    );
  }
  const columns = [
    { title: "stage", kind: "text", text: (step) => step.stage },
    { title: "times as fast", kind: "long", text: (step) => decimals(step.speedup, 2) },
    { title: report.measure, kind: "long", text: (step) => decimals(step.loss, 4) },
    { title: "score", text: (step) => decimals(step.score, 2) },
    { title: report.changed, kind: "long", text: (step) => decimals(step.changed, 2) },
    { title: "what", kind: "note", text: (step) => step.what },
  ];
  fillTable("trail", columns, report.trail);
}

fillHeader(`${report.title}, pruned`);
fillFacts();
drawWidths();
drawCurves();
drawTrail();
find("controls").addEventListener("change", drawWidths);
find("controls").addEventListener("submit", (event) => event.preventDefault());
