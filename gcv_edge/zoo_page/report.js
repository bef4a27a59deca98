const FORMS = { mxnet: "MXNet", openvino: "FP32", bf16: "BF16", int8: "INT8" };
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#5b4b8a", "#8a6d00", "#56b4e9", "#6e7781"];
const MOST_FAMILIES = COLORS.length - 1;
const ALL = "";
const names = new Map(report.names.map((row) => [row.name, row]));
const state = { task: ALL, group: "", form: "openvino", filter: "", logX: true, logY: false, sort: "name", down: false, picked: [] };

const spoken = (task) => task.replaceAll("_", " ");
const inTask = (row) => state.task === ALL || row.task === state.task;
const matches = (row) => state.filter.toLowerCase().split(/\s+/).every((word) => row.name.toLowerCase().includes(word));
const kept = () => report.names.filter((row) => inTask(row) && matches(row));

/* What names of one kind begin with, such as "resnet" or "yolo3". */
function family(row) {
  return /^(center_net|faster_rcnn|mask_rcnn|simple_pose|alpha_pose|mobile_pose|cifar_[a-z]+|se_resnext|mobilenetv[23]|[cip]3d|r2plus1d|[a-z]+)/.exec(row.name)?.[1] ?? row.name;
}

function options(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => element("option", text, { value })));
  select.value = chosen;
}

function countBy(rows, key) {
  const counts = new Map();
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
  return counts;
}

function fillControls() {
  const tasks = countBy(report.names, (row) => row.task);
  options(find("task"), [...(tasks.size > 1 ? [[ALL, `all (${report.names.length})`]] : []), ...[...tasks].map(([task, count]) => [task, `${spoken(task)} (${count})`])], state.task);
  options(find("form"), Object.entries(FORMS), state.form);
  fillGroups();
}

/* Accuracies are comparable on one data set of one task only. */
function fillGroups() {
  const published = report.names.filter((row) => row.accuracy && inTask(row));
  const groups = [...countBy(published, groupOf)].sort((a, b) => b[1] - a[1]);
  if (!groups.some(([group]) => group === state.group)) state.group = groups[0]?.[0] ?? "";
  options(find("group"), groups.map(([group, count]) => [group, `${group.split("|")[1]}${state.task === ALL ? `, ${spoken(group.split("|")[0])}` : ""} (${count})`]), state.group);
}

const groupOf = (row) => `${row.task}|${row.accuracy.group}`;

function speedText(row, form) {
  const speed = row.speeds[form];
  return speed == null ? "not measured" : speed >= 100 ? speed.toFixed(0) : speed.toFixed(speed >= 10 ? 1 : 2);
}

function describe(row) {
  const lines = Object.entries(FORMS).map(([form, title]) => `${title}: ${speedText(row, form)}${row.speeds[form] == null ? "" : " per second"}`);
  return [`<b>${escapeText(row.name)}</b>`, wrap(row.accuracy.printed, 40), ...lines, `${row.megabytes} MB, input ${row.input}`].join("<br>");
}

function drawScatter() {
  const group = report.names.filter((row) => row.accuracy && groupOf(row) === state.group && inTask(row) && matches(row));
  const rows = group.filter((row) => row.speeds[state.form] != null);
  find("shown").textContent = `${rows.length} of ${group.length} networks with a published accuracy were measured in ${FORMS[state.form]}; higher is more accurate, further right is faster.`;
  const families = countBy(rows, family);
  const large = [...families].sort((a, b) => b[1] - a[1]).slice(0, MOST_FAMILIES).map(([name]) => name);
  const kinds = [...large, ...(families.size > large.length ? ["others"] : [])];
  const traces = kinds.map((kind, place) => points(kind, rows.filter((row) => (large.includes(family(row)) ? family(row) : "others") === kind), kind === "others" ? COLORS.at(-1) : COLORS[place]));
  const chosen = rows.filter((row) => state.picked.includes(row.name));
  if (chosen.length) traces.push(ring(chosen));
  const layout = {
    xaxis: axis("pictures per second", { type: state.logX ? "log" : "linear", zeroline: false, ...(state.logX ? { dtick: "D2" } : { rangemode: "tozero" }) }),
    yaxis: axis(state.group.split("|")[1] ?? "", { type: state.logY ? "log" : "linear", zeroline: false }),
    legend: BELOW,
    margin: { l: 55, r: 15, t: 10, b: 60 },
  };
  drawChart("scatter", traces, layout, { displayModeBar: !isNarrow });
  find("scatter").removeAllListeners?.("plotly_click");
  find("scatter").on("plotly_click", (event) => pick(event.points[0].id));
}

function points(name, rows, color) {
  return {
    name,
    type: "scatter",
    mode: "markers",
    x: rows.map((row) => row.speeds[state.form]),
    y: rows.map((row) => row.accuracy.value),
    ids: rows.map((row) => row.name),
    customdata: rows.map(describe),
    hovertemplate: "%{customdata}<extra></extra>",
    marker: { color, opacity: 0.8, size: rows.map((row) => 7 + Math.sqrt(row.megabytes)), line: { color: "#fff", width: 1 } },
  };
}

function ring(rows) {
  return {
    name: "chosen",
    type: "scatter",
    mode: "markers+text",
    showlegend: false,
    x: rows.map((row) => row.speeds[state.form]),
    y: rows.map((row) => row.accuracy.value),
    ids: rows.map((row) => row.name),
    text: rows.map((row) => escapeText(row.name)),
    textposition: "top center",
    hoverinfo: "skip",
    marker: { symbol: "circle-open", color: "#1b1f24", size: rows.map((row) => 15 + Math.sqrt(row.megabytes)), line: { width: 2 } },
  };
}

const COLUMNS = [
  { key: "name", title: "name", kind: "text long", value: (row) => row.name },
  { key: "accuracy", title: "accuracy", value: (row) => row.accuracy?.value, text: (row) => (row.accuracy ? String(row.accuracy.value) : null), missing: "not published" },
  { key: "group", title: "on", kind: "text", value: (row) => row.accuracy?.group ?? "" },
  ...Object.entries(FORMS).map(([form, title]) => ({ key: form, title, value: (row) => row.speeds[form], text: (row) => (row.speeds[form] == null ? null : speedText(row, form)), missing: "not measured" })),
  { key: "megabytes", title: "MB", value: (row) => row.megabytes },
  { key: "task", title: "task", kind: "text", value: (row) => row.task, text: (row) => spoken(row.task) },
  { key: "input", title: "input", kind: "text long", value: (row) => row.input },
  { key: "error", title: "error", value: (row) => row.error, text: (row) => row.error?.toExponential(1), missing: "–" },
];

function fillHeadings() {
  const line = element("tr");
  for (const column of COLUMNS) {
    const heading = element("th", null, { class: column.kind ?? "", scope: "col" });
    const button = element("button", column.title, { type: "button" });
    button.addEventListener("click", () => {
      state.down = state.sort === column.key ? !state.down : !(column.kind ?? "").startsWith("text");
      state.sort = column.key;
      fillNames();
    });
    heading.append(button);
    line.append(heading);
  }
  find("names").querySelector("thead").append(line);
}

/* What has no value comes last, whatever the direction. */
function compare(a, b, column) {
  const [left, right] = [column.value(a), column.value(b)];
  if (left == null || right == null) return (left == null) - (right == null);
  const order = typeof left === "string" ? left.localeCompare(right, "en", { numeric: true }) : left - right;
  return state.down ? -order : order;
}

function fillNames() {
  const sorted = COLUMNS.find((column) => column.key === state.sort);
  find("names").querySelectorAll("th").forEach((heading, place) => {
    if (COLUMNS[place] === sorted) heading.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
  const lines = kept().sort((a, b) => compare(a, b, sorted)).map((row) => {
    const line = element("tr", null, { class: state.picked.includes(row.name) ? "best" : "" });
    line.append(...COLUMNS.map((column) => cell(row, column)));
    return line;
  });
  find("names").querySelector("tbody").replaceChildren(...lines);
}

function cell(row, column) {
  const text = column.text ? column.text(row) : column.value(row);
  const made = element("td", column.key === "name" ? null : (text ?? column.missing), { class: `${column.kind ?? ""}${text == null ? " missing" : ""}` });
  if (column.key === "name") {
    const button = element("button", row.name, { type: "button" });
    button.addEventListener("click", () => {
      pick(row.name);
      find("picked-section").scrollIntoView({ block: "start" });
    });
    made.append(button);
  }
  return made;
}

/* The last two that were chosen are compared; one that is chosen again goes. */
function pick(name) {
  if (!names.has(name)) return;
  state.picked = state.picked.includes(name) ? state.picked.filter((one) => one !== name) : [...state.picked, name].slice(-2);
  showPicked();
  drawScatter();
  fillNames();
}

function showPicked() {
  const rows = state.picked.map((name) => names.get(name));
  find("picked-section").hidden = !rows.length;
  history.replaceState(null, "", rows.length ? `#${state.picked.map(encodeURIComponent).join("&")}` : "#");
  find("picked-title").textContent = rows.length > 1 ? "Compared" : "Chosen";
  const [first, second] = rows;
  const facts = [
    ["task", (row) => spoken(row.task)],
    ["accuracy", (row) => (row.accuracy ? `${row.accuracy.group}: ${row.accuracy.printed}` : "not published")],
    ...Object.entries(FORMS).map(([form, title]) => [`${title}, per second`, (row) => speedText(row, form), (row) => row.speeds[form]]),
    ["MB", (row) => row.megabytes, (row) => row.megabytes],
    ["input", (row) => row.input],
    ["error", (row) => row.error?.toExponential(1) ?? "–"],
    ["note", (row) => row.note || "–"],
  ];
  const heading = element("tr");
  heading.append(element("th", "", { class: "text" }), ...rows.map((row) => element("th", row.name, { class: "text long" })), ...(second ? [element("th", "second : first")] : []));
  find("picked").querySelector("thead").replaceChildren(heading);
  const lines = facts.map(([title, text, number]) => {
    const line = element("tr");
    line.append(element("th", title, { class: "text", scope: "row" }), ...rows.map((row) => element("td", text(row), { class: "text long" })));
    if (second) line.append(element("td", number && number(first) && number(second) ? `${(number(second) / number(first)).toFixed(2)}x` : ""));
    return line;
  });
  find("picked").querySelector("tbody").replaceChildren(...lines);
  find("commands").replaceChildren(...rows.map((row) => element("code", `gcv-edge export ${row.name}`)));
}

function readAddress() {
  for (const part of location.hash.slice(1).split("&").filter(Boolean)) {
    const name = decodeURIComponent(part);
    if (names.has(name) && !state.picked.includes(name)) state.picked = [...state.picked, name].slice(-2);
  }
  const first = names.get(state.picked[0]);
  if (first?.accuracy) state.group = groupOf(first);
}

function drawAll() {
  drawScatter();
  fillNames();
}

function listen(id, event, change) {
  find(id).addEventListener(event, () => {
    change(find(id));
    drawAll();
  });
}

listen("task", "change", (control) => {
  state.task = control.value;
  fillGroups();
});
listen("group", "change", (control) => (state.group = control.value));
listen("form", "change", (control) => (state.form = control.value));
listen("filter", "input", (control) => (state.filter = control.value.trim()));
listen("log-x", "change", (control) => (state.logX = control.checked));
listen("log-y", "change", (control) => (state.logY = control.checked));
find("controls").addEventListener("submit", (event) => event.preventDefault());
find("clear").addEventListener("click", () => {
  state.picked = [];
  showPicked();
  drawAll();
});

readAddress();
state.task = unique(report.names.map((row) => row.task)).length > 1 ? ALL : (report.names[0]?.task ?? ALL);
fillHeader("GluonCV's zoo on a CPU");
fillControls();
fillHeadings();
drawAll();
if (state.picked.length) showPicked();
fillFacts();
