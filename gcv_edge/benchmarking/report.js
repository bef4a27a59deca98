const MEASURES = {
  throughput: { title: "frames per second", short: "frames/s", value: (row) => row.throughput?.median, digits: 1 },
  alone: { title: "network alone, frames per second", short: "network alone/s", value: (row) => row.network_throughput?.median, digits: 1 },
  latency: { title: "ms per call, median", short: "p50 ms", value: (row) => row.stages_ms?.total?.p50, digits: 2 },
  p99: { title: "ms per call, 99 % within", short: "p99 ms", value: (row) => row.stages_ms?.total?.p99, digits: 2 },
  accuracy: { title: "accuracy, %", short: "accuracy %", value: (row) => row.accuracy ?? null, digits: 2 },
  agreement: { title: "agreement with the network before, %", short: "agreement %", value: (row) => row.agreement ?? null, digits: 2 },
  size: { title: "file, MB", short: "file MB", value: (row) => (row.size_bytes == null ? null : row.size_bytes / 1e6), digits: 1 },
  memory: { title: "memory, MB", short: "memory MB", value: (row) => (row.memory_bytes == null ? null : row.memory_bytes / 1e6), digits: 0 },
  startup: {
    title: "start to first result, s",
    short: "start s",
    value: (row) => (row.startup_s ? Object.values(row.startup_s).reduce((sum, part) => sum + part, 0) : null),
    digits: 2,
  },
};
const ACROSS = ["throughput", "alone", "latency", "p99"];
const UPWARDS = ["accuracy", "agreement", "size", "memory", "startup", "throughput"];
const FIRST = ["frames/s", "p50 ms", "accuracy %", "agreement %"];
const SHARES = ["accuracy", "agreement"];
const STAGES = { preprocess: ["preprocess", "#56b4e9"], inference: ["network", "#0072b2"], postprocess: ["post-process", "#e69f00"] };
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31"];
const SYMBOLS = ["circle", "diamond", "square", "triangle-up", "star", "pentagon", "hexagon", "triangle-down"];
const REFERENCE_COLOURS = ["#6e7781", "#8c959f", "#424a53"];

const rows = report.rows.map((row, index) => ({ ...row, index }));
const state = { chosen: [], sort: null, isDescending: false };

function form(row) {
  return row.is_reference ? row.title : row.variant.replace(/ \(.*\)$/, "");
}

function label(row) {
  const name = unique(rows.map((other) => other.family)).length > 1 ? `${row.family} ` : "";
  const batch = unique(rows.map((other) => other.batch)).length > 1 ? `, batch ${row.batch}` : "";
  return `${name}${row.title}${batch}`;
}

function show(measure, row) {
  const value = MEASURES[measure].value(row);
  return value == null ? "" : value.toFixed(MEASURES[measure].digits);
}

function shownRows() {
  const tasks = [...document.querySelectorAll("#tasks input:checked")].map((box) => box.value);
  const batch = find("batch").value;
  return rows.filter(
    (row) =>
      tasks.includes(row.task) &&
      (batch === "all" || String(row.batch) === batch) &&
      (find("references").checked || !row.is_reference),
  );
}

function drawScatter() {
  const [x, y] = [find("x").value, find("y").value];
  const visible = shownRows();
  const placed = visible.filter((row) => MEASURES[x].value(row) != null && MEASURES[y].value(row) != null);
  const forms = unique(rows.map(form));
  const traces = forms
    .map((name) => ({ name, members: placed.filter((row) => form(row) === name) }))
    .filter((trace) => trace.members.length)
    .map(({ name, members }) => scatterTrace(name, members, forms.indexOf(name), x, y));
  find("missing").textContent =
    placed.length < visible.length ? `${visible.length - placed.length} of ${visible.length} have no ${MEASURES[y].title}.` : "";
  const scale = (measure, isLog) =>
    axis(MEASURES[measure].title, {
      type: isLog ? "log" : "linear",
      ...(isLog ? logTicks(placed.map(MEASURES[measure].value)) : { rangemode: SHARES.includes(measure) ? "normal" : "tozero" }),
    });
  drawChart("scatter", traces, {
    xaxis: scale(x, find("log-x").checked),
    yaxis: scale(y, find("log-y").checked),
    legend: BELOW,
  });
}

const STEPS = [1, 2, 5, 10];
const LEAST = 1e-6;

function logTicks(values) {
  if (!values.length) return {};
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => Math.max(value, LEAST));
  const ticks = low < high && high < 10 * low ? evenTicks(low, high) : decadeTicks(low, high);
  return { tickvals: ticks, ticktext: ticks.map((tick) => tick.toLocaleString("en", { maximumFractionDigits: 6 })) };
}

function decadeTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.log10(high) + 1; power++)
    ticks.push(...STEPS.slice(0, 3).map((step) => step * 10 ** power));
  return ticks;
}

// Within a decade 1, 2 and 5 may all lie outside of what is shown.
function evenTicks(low, high) {
  const wanted = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(wanted));
  const step = unit * STEPS.find((each) => each * unit >= wanted * (1 - 1e-9));
  const first = Math.max(1, Math.floor(low / step) - 2);
  const count = Math.ceil(high / step) + 2 - first;
  return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
}

function scatterTrace(name, members, place, x, y) {
  const isReference = members[0].is_reference;
  const colours = isReference ? REFERENCE_COLOURS : COLOURS;
  return {
    name,
    type: "scatter",
    mode: "markers",
    x: members.map(MEASURES[x].value),
    y: members.map(MEASURES[y].value),
    customdata: members.map((row) => row.index),
    text: members.map(describe),
    hovertemplate: "%{text}<extra></extra>",
    marker: {
      color: colours[place % colours.length],
      symbol: SYMBOLS[place % SYMBOLS.length] + (isReference ? "-open" : ""),
      size: members.map((row) => (state.chosen.includes(row.index) ? 20 : 13)),
      line: { width: members.map((row) => (state.chosen.includes(row.index) ? 3 : 1)), color: "#1b1f24" },
    },
  };
}

function describe(row) {
  const lines = Object.keys(MEASURES)
    .filter((measure) => show(measure, row))
    .map((measure) => `${MEASURES[measure].title}: ${show(measure, row)}`);
  const name = [row.family, row.title, `batch ${row.batch}`].map(escapeText).join(" · ");
  return [`<b>${name}</b>`, ...lines].join("<br>");
}

function drawBars() {
  const visible = shownRows().filter((row) => row.stages_ms).reverse();
  const traces = Object.entries(STAGES).map(([stage, [name, colour]]) => ({
    name,
    type: "bar",
    orientation: "h",
    y: visible.map((row) => wrap(label(row), NAME_WIDTH)),
    x: visible.map((row) => row.stages_ms[stage].p50),
    marker: { color: colour },
    hovertemplate: `${name}: %{x:.2f} ms<extra></extra>`,
  }));
  find("bars").style.height = `${120 + visible.length * (isNarrow ? 46 : 30)}px`;
  drawBarChart("bars", traces, "ms per call, median", { barmode: "stack", font: { ...FONT, size: isNarrow ? 11 : 13 } });
}

function columns() {
  const bases = unique(rows.flatMap((row) => Object.keys(row.ratios ?? {})));
  const words = ["engine", "family", "task"].map((key) => ({ title: key, value: (row) => row[key], isText: true }));
  const numbers = Object.entries(MEASURES).map(([key, measure]) => ({
    ...measure,
    title: measure.short,
    show: (row) => show(key, row),
  }));
  const stages = Object.entries(STAGES).map(([stage, [name]]) => ({
    title: `${name} ms`,
    value: (row) => row.stages_ms?.[stage]?.p50,
    show: (row) => row.stages_ms?.[stage]?.p50?.toFixed(2) ?? "",
  }));
  const ratios = bases.map((base) => ({
    title: `x ${base}`,
    value: (row) => row.ratios?.[base]?.total.median,
    show: (row) => showRatio(row.ratios?.[base]?.total),
  }));
  const first = numbers.filter((column) => FIRST.includes(column.title));
  const rest = numbers.filter((column) => !FIRST.includes(column.title));
  const name = { title: "variant", value: label, isText: true };
  const batch = { title: "batch", value: (row) => row.batch };
  return [name, ...first, ...ratios, ...rest, ...stages, batch, ...words].filter((column) =>
    rows.some((row) => column.value(row) != null && column.value(row) !== ""),
  );
}

function showRatio(ratio) {
  return ratio ? `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})` : "";
}

function drawTable() {
  const all = columns();
  const head = element("tr");
  all.forEach((column, place) => {
    const isSorted = state.sort === place;
    const cell = element("th", null, {
      scope: "col",
      class: column.isText ? "text" : "",
      "aria-sort": isSorted ? (state.isDescending ? "descending" : "ascending") : "none",
    });
    const button = element("button", column.title, { type: "button" });
    button.addEventListener("click", () => sortBy(place));
    cell.append(button);
    head.append(cell);
  });
  document.querySelector("#table thead").replaceChildren(head);
  const visible = sortRows(shownRows(), all[state.sort]);
  document.querySelector("#table tbody").replaceChildren(...visible.map((row) => tableRow(row, all)));
}

function tableRow(row, all) {
  const names = [row.is_reference ? "reference" : "", state.chosen.includes(row.index) ? "chosen" : ""];
  const line = element("tr", null, { class: names.join(" ").trim(), tabindex: 0 });
  for (const column of all) {
    const text = column.show ? column.show(row) : column.value(row);
    line.append(element("td", text, { class: column.isText ? "text" : "" }));
  }
  line.addEventListener("click", () => choose(row.index));
  line.addEventListener("keydown", (event) => event.key === "Enter" && choose(row.index));
  return line;
}

function sortRows(list, column) {
  if (!column) return list;
  const sign = state.isDescending ? -1 : 1;
  return [...list].sort((a, b) => {
    const [first, second] = [column.value(a), column.value(b)];
    if (first == null || second == null) return (first == null) - (second == null);
    return sign * (column.isText ? String(first).localeCompare(String(second)) : first - second);
  });
}

function sortBy(place) {
  state.isDescending = state.sort === place ? !state.isDescending : false;
  state.sort = place;
  drawTable();
}

function choose(index) {
  const others = state.chosen.filter((chosen) => chosen !== index);
  state.chosen = others.length < state.chosen.length ? others : [...others.slice(-1), index];
  drawAll();
}

function drawCompare() {
  const pair = state.chosen.map((index) => rows[index]);
  if (!pair.length) return find("compare").replaceChildren();
  const table = element("table");
  const head = element("tr");
  const titles = pair.map((row) => label(row));
  head.append(element("th", ""), ...titles.map((title) => element("th", title)));
  if (pair.length === 2) head.append(element("th", "second / first"));
  table.append(head);
  for (const measure of Object.keys(MEASURES)) {
    const values = pair.map(MEASURES[measure].value);
    if (values.every((value) => value == null)) continue;
    const line = element("tr");
    line.append(element("th", MEASURES[measure].title), ...pair.map((row) => element("td", show(measure, row))));
    if (pair.length === 2) line.append(element("td", compare(measure, values)));
    table.append(line);
  }
  return find("compare").replaceChildren(table);
}

function compare(measure, [first, second]) {
  if (first == null || second == null) return "";
  if (SHARES.includes(measure)) return `${second >= first ? "+" : ""}${(second - first).toFixed(2)} points`;
  return first ? `${(second / first).toFixed(2)}x` : "";
}

function drawAll() {
  drawScatter();
  drawBars();
  drawTable();
  drawCompare();
}

function fillControls() {
  for (const task of unique(rows.map((row) => row.task))) {
    const box = element("input", null, { type: "checkbox", value: task });
    box.checked = true;
    const holder = element("label");
    holder.append(box, ` ${task.replaceAll("_", " ")}`);
    find("tasks").append(holder);
  }
  const has = (measure) => rows.some((row) => MEASURES[measure].value(row) != null);
  for (const [id, measures] of Object.entries({ x: ACROSS, y: UPWARDS })) {
    find(id).append(...measures.filter(has).map((name) => element("option", MEASURES[name].title, { value: name })));
  }
  const complete = UPWARDS.find((name) => rows.every((row) => MEASURES[name].value(row) != null));
  if (!has("accuracy") && complete) find("y").value = complete;
  const batches = unique(rows.map((row) => row.batch));
  find("batch").append(
    element("option", "all", { value: "all" }),
    ...batches.map((batch) => element("option", batch, { value: batch })),
  );
  find("batch-label").hidden = batches.length < 2;
  find("controls").addEventListener("change", drawAll);
  find("controls").addEventListener("submit", (event) => event.preventDefault());
}

function fillTexts() {
  const { machine, settings } = report;
  const cap = settings.isa && settings.isa !== "native" ? `, capped to ${settings.isa}` : "";
  report.where = [
    machine.cpu,
    `${settings.threads ?? machine.usable_cpus} threads${cap}`,
    settings.hint ? `hint ${settings.hint}` : null,
    report.frames,
    report.date,
  ];
  report.verdict = report.advice ? [report.advice] : [];
  fillHeader("How fast these models are here");
  find("verdict").hidden = !report.advice;
  const left = (report.left_out ?? []).map((item) => `Left out: ${item.variant}, batch ${item.batch}: ${item.reason}`);
  const notes = [...(report.notes ?? []), ...left];
  find("notes").append(...notes.map((note) => element("li", note)));
  find("remarks").hidden = !notes.length;
}

/* The address may say what to show: report.html#task=detection&y=size&choose=0,2 */
function obeyAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has("task")) {
    const tasks = wanted.get("task").split(",");
    for (const box of document.querySelectorAll("#tasks input")) box.checked = tasks.includes(box.value);
  }
  for (const id of ["x", "y", "batch"]) if (wanted.has(id)) find(id).value = wanted.get(id);
  for (const id of ["log-x", "log-y", "references"]) if (wanted.has(id)) find(id).checked = wanted.get(id) === "yes";
  if (wanted.has("choose")) {
    state.chosen = wanted.get("choose").split(",").map(Number).filter((index) => rows[index]);
  }
  if (wanted.has("sort")) {
    const place = columns().findIndex((column) => column.title === wanted.get("sort"));
    state.sort = place < 0 ? null : place;
  }
}

fillControls();
fillTexts();
obeyAddress();
drawAll();
find("scatter").on("plotly_click", (event) => choose(event.points[0].customdata));
