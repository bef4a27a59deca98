const KINDS = [
  { name: "wins", color: "#009e73", symbol: "star", size: 30, has: (form) => form.is_best },
  { name: "within the limits", color: "#0072b2", symbol: "circle", size: 22, has: (form) => !form.is_best && reaches(form) },
  { name: "beyond a limit", color: "#b35900", symbol: "square", size: 20, has: (form) => !form.is_best && !reaches(form) },
];
const LINE = "#6e7781";
const LIMIT = "#b42318";
const SPEED = report.is_latency ? "ms" : "pictures/s";
const numbered = report.forms.map((form, place) => ({ ...form, number: place + 1 }));

/* Whether a form keeps every limit. */
function reaches(form) {
  return form.is_within && (report.fastest_needed == null || form.times >= report.fastest_needed);
}

function speed(form) {
  return report.is_latency ? decimals(form.milliseconds, 2) : decimals(form.per_second, 1);
}

/* Why a form lost, and how many pictures at once it was timed with. */
function remark(form) {
  return [form.is_best ? "wins" : form.why, form.together].filter(Boolean).join("; ");
}

function fillForms() {
  const columns = [
    { title: "form", kind: "text long", text: (form) => form.name },
    { title: report.measure, text: (form) => decimals(form.points, 2) },
    { title: isNarrow && !report.is_latency ? "per second" : SPEED, text: speed },
    { title: "x float", text: (form) => decimals(form.times, 2) },
    { title: "MB", text: (form) => decimals(form.bytes / 1e6, 2) },
    { title: "why it lost", kind: "note", text: remark },
  ];
  fillTable("forms", columns, numbered, (form) => (form.is_best ? "best" : ""));
  document.querySelectorAll("#forms tbody tr").forEach((row, place) => row.firstChild.prepend(element("span", place + 1, { class: "number" })));
}

function describe(form) {
  const lines = [`${report.measure}: ${decimals(form.points, 2)}`, `${speed(form)} ${SPEED}, ${decimals(form.times, 2)} times as fast as float`];
  if (form.points_at_least != null) lines.splice(1, 0, `at least, on other pictures: ${decimals(form.points_at_least, 2)}`);
  return [`<b>${form.number} ${escapeText(form.name)}</b>`, ...lines, wrap(remark(form), 40)].join("<br>");
}

function pointsOf({ name, color, symbol, size, has }) {
  const members = numbered.filter(has);
  return {
    name,
    type: "scatter",
    mode: "markers+text",
    x: members.map((form) => form.times),
    y: members.map((form) => form.points),
    text: members.map((form) => String(form.number)),
    textfont: { color: "#fff", size: 11 },
    customdata: members.map(describe),
    hovertemplate: "%{customdata}<extra></extra>",
    marker: { color, symbol, size, line: { color: "#fff", width: 1 } },
    error_y: {
      type: "data",
      symmetric: false,
      array: members.map(() => 0),
      arrayminus: members.map((form) => (hasWhisker(form) ? form.points - form.points_at_least : 0)),
      color,
      thickness: 1.5,
      width: 5,
    },
  };
}

/* Too few pictures say nothing of others: a line down to nothing would only flatten the chart. */
function hasWhisker(form) {
  return form.points_at_least != null && form.points_at_least > 0;
}

function drawScatter() {
  const placed = numbered.filter((form) => form.points != null);
  find("scatter-section").hidden = placed.length < 2;
  if (placed.length < 2) return;
  find("whisker").hidden = !placed.some((form) => hasWhisker(form) && form.points_at_least < form.points);
  const best = placed.filter((form) => form.is_on_line).sort((a, b) => a.times - b.times);
  const [left, right] = range(placed.map((form) => form.times).concat(report.fastest_needed ?? []));
  const heights = placed.flatMap((form) => [form.points, ...(hasWhisker(form) ? [form.points_at_least] : [])]).concat(report.lowest ?? []);
  const [low, high] = range(heights);
  const rule = (name, x, y, dash) => ({ name, type: "scatter", mode: "lines", x, y, line: { color: LIMIT, width: 2, dash }, hoverinfo: "skip" });
  const rules = [];
  if (report.lowest != null) rules.push(rule(`limit: ${report.max_drop} ${report.max_drop === 1 ? "point" : "points"} lost`, [left, right], [report.lowest, report.lowest], "dash"));
  if (report.fastest_needed != null)
    rules.push(rule(`limit: ${report.target_ms} ms`, [report.fastest_needed, report.fastest_needed], [low, high], "dot"));
  const line = {
    name: "no form is better in both",
    type: "scatter",
    mode: "lines",
    x: best.map((form) => form.times),
    y: best.map((form) => form.points),
    line: { color: LINE, width: 2 },
    hoverinfo: "skip",
  };
  const kinds = [...KINDS].reverse().map(pointsOf).filter((trace) => trace.x.length);
  const layout = {
    xaxis: axis("times as fast as the float file", { range: [left, right], zeroline: false }),
    yaxis: axis(report.measure, { range: [low, high], zeroline: false }),
    legend: { ...BELOW, traceorder: "reversed" },
  };
  drawChart("scatter", [...rules, ...(best.length > 1 ? [line] : []), ...kinds], layout, { displayModeBar: false });
}

/* The ends of an axis, with room for the marks at both. */
function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.1 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}

fillHeader(`${report.title}: the fastest form`);
fillForms();
drawScatter();
fillFacts();
