"use strict";
// Shows /api/status once a second. Text from the run is only ever set as text,
// never as markup.

const $ = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

function figure(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (value !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(size >= 100 ? 1 : size >= 1 ? 2 : 4);
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const s = Math.round(seconds);
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
  return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
}

function showProgress(status) {
  const phases = status.phases.map((phase, index) => {
    const now = index === status.phase_index && !phase.finished;
    const item = element("li", now ? "now" : phase.finished ? "finished" : "",
      phase.name + " " + phase.steps_done + " / " + phase.num_steps);
    return item;
  });
  $("phases").replaceChildren(...phases);
  const phase = status.phases[status.phase_index];
  const share = phase && phase.num_steps ? phase.steps_done / phase.num_steps : 0;
  $("bar-fill").style.width = (100 * share).toFixed(1) + "%";
  const bar = $("bar-fill").parentElement;
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", phase ? phase.num_steps : 0);
  bar.setAttribute("aria-valuenow", phase ? phase.steps_done : 0);
  let activity = status.activity;
  if (status.replayed_until > 0) {
    activity += " (replaying up to step " + status.replayed_until + ")";
  }
  $("activity").textContent = activity;
}

function tile(label, value) {
  const made = element("div", "tile");
  made.append(element("div", "value", value), element("div", "label", label));
  return made;
}

function showTiles(status) {
  const tiles = [
    tile("time left in the phase", duration(status.seconds_left)),
    tile("steps per minute", figure(60 * status.rates.steps_per_second)),
    tile("groups per second", figure(status.rates.groups_per_second)),
    tile("tokens per second", figure(status.rates.tokens_per_second)),
  ];
  const reward = status.metrics["reward/total"];
  if (reward !== undefined) tiles.push(tile("mean reward", figure(reward)));
  const loss = status.metrics.loss;
  if (loss !== undefined) tiles.push(tile("loss", figure(loss)));
  tiles.push(tile("weights", "v" + status.weights.update));
  tiles.push(tile("last checkpoint", status.checkpoint
    ? status.checkpoint.phase + " " + status.checkpoint.step : "–"));
  $("tiles").replaceChildren(...tiles);
}

// What is drawn first; everything else follows by name.
const FIRST = ["reward/total", "loss", "reward/query/total", "reward/target/total"];
const MAX_CHARTS = 12;
let chosenPhase = null;

function drawChart(name, steps, values) {
  const width = 320, height = 120, left = 44, bottom = 16, top = 6;
  const points = [];
  values.forEach((value, i) => { if (value !== null) points.push([steps[i], value]); });
  const chart = element("div", "chart");
  const title = element("div", "name");
  const last = points[points.length - 1];
  title.append(element("span", "", name), element("b", "", figure(last[1])));
  let low = Math.min(...points.map((p) => p[1]));
  let high = Math.max(...points.map((p) => p[1]));
  if (low === high) { low -= 0.5; high += 0.5; }
  const first = points[0][0];
  const span = Math.max(1, last[0] - first);
  const x = (step) => left + (width - left - 6) * (step - first) / span;
  const y = (value) => top + (height - top - bottom) * (high - value) / (high - low);
  const picture = svg("svg", { viewBox: "0 0 " + width + " " + height, role: "img" });
  picture.setAttribute("aria-label", name + ", last value " + figure(last[1]));
  for (const value of [low, (low + high) / 2, high]) {
    picture.append(svg("line", { class: "grid", x1: left, x2: width - 6, y1: y(value), y2: y(value) }));
    const label = svg("text", { x: left - 5, y: y(value) + 3, "text-anchor": "end" });
    label.textContent = figure(value);
    picture.append(label);
  }
  for (const [step, anchor] of [[first, "start"], [last[0], "end"]]) {
    const label = svg("text", { x: x(step), y: height - 3, "text-anchor": anchor });
    label.textContent = step;
    picture.append(label);
  }
  const path = points.map((p) => x(p[0]).toFixed(1) + "," + y(p[1]).toFixed(1)).join(" ");
  picture.append(svg("polyline", { class: "curve", points: path }));
  picture.append(svg("circle", { class: "dot", r: 2.5, cx: x(last[0]), cy: y(last[1]) }));
  chart.append(title, picture);
  return chart;
}

function showCurves(status) {
  const select = $("curve-phase");
  const withSteps = status.curves.filter((curve) => curve.steps.length > 0);
  const names = withSteps.map((curve) => curve.phase);
  if (select.childElementCount !== names.length) {
    select.replaceChildren(...names.map((name) => element("option", "", name)));
  }
  select.hidden = names.length < 2;
  $("no-curves").hidden = names.length > 0;
  if (!names.includes(chosenPhase)) chosenPhase = null;
  const shown = chosenPhase === null ? names[names.length - 1] : chosenPhase;
  if (shown !== undefined) select.value = shown;
  const curve = withSteps.find((candidate) => candidate.phase === shown);
  if (!curve) { $("charts").replaceChildren(); return; }
  const series = Object.keys(curve.series)
    .filter((name) => curve.series[name].some((value) => value !== null));
  const rank = (name) => FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
  series.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  $("charts").replaceChildren(...series.slice(0, MAX_CHARTS)
    .map((name) => drawChart(name, curve.steps, curve.series[name])));
}

function showGroups(status) {
  const parts = [], words = [];
  const states = ["finished", "leased", "pending", "quarantined", "dropped"];
  const all = states.reduce((sum, state) => sum + (status.groups[state] || 0), 0);
  for (const state of states) {
    const count = status.groups[state] || 0;
    if (!count) continue;
    const part = element("div", state);
    part.style.width = (100 * count / all) + "%";
    part.title = count + " " + state;
    parts.push(part);
    words.push(count + " " + state);
  }
  $("groups-bar").replaceChildren(...parts);
  const cohorts = status.cohorts.all
    ? "; cohorts: " + status.cohorts.rewarded + " of " + status.cohorts.all + " scored" : "";
  $("groups-text").textContent = all ? words.join(", ") + cohorts : "none is being sampled";
}

function showRoles(status) {
  const rows = status.roles.map((role) => {
    const row = element("tr");
    row.append(element("td", "", role.role + " " + role.index),
      element("td", role.silent ? "silent" : "", duration(role.seconds_since_seen) + " ago"),
      element("td", "", role.waiting_for || "–"),
      element("td", "n", String(role.done)),
      element("td", "n", String(role.restarts)));
    return row;
  });
  $("roles").tBodies[0].replaceChildren(...rows);
}

const BAD = ["run_failed", "group_quarantined", "weights_differ", "report_refused"];
const WARN = ["lease_expired", "result_refused", "role_restarted", "coordinator_restarted",
  "reward_failed", "worker_left_out", "stopping", "stopped", "groups_stale"];

function showEvents(status) {
  const items = status.events.slice().reverse().map((event) => {
    const item = element("li", BAD.includes(event.kind) ? "bad" : WARN.includes(event.kind) ? "warn" : "");
    const time = element("time", "", event.time
      ? new Date(1000 * event.time).toLocaleTimeString() : "–");
    item.append(time, element("span", "kind", event.kind.replaceAll("_", " ")),
      element("span", "text", event.text));
    return item;
  });
  $("events").replaceChildren(...items);
  const c = status.counters;
  $("counters").textContent = c.accepted + " groups accepted, " + c.expired + " leases expired, " +
    c.duplicates + " duplicates, " + c.late + " late, " + c.refused + " refused, " +
    c.stale + " stale, " + c.quarantined + " set aside; learner starts " + c.learner_starts +
    ", coordinator starts " + c.coordinator_starts;
}

function show(status) {
  document.title = "UME " + status.run_id;
  $("run").textContent = status.run_id;
  $("state").textContent = status.state;
  $("state").className = "badge " + status.state;
  $("reason").textContent = status.reason;
  showProgress(status);
  showTiles(status);
  showCurves(status);
  showGroups(status);
  showRoles(status);
  showEvents(status);
}

async function poll() {
  try {
    const reply = await fetch("/api/status", { cache: "no-store" });
    if (!reply.ok) throw new Error(String(reply.status));
    show(await reply.json());
    $("offline").hidden = true;
  } catch (error) {
    $("offline").hidden = false;
  }
  setTimeout(poll, 1000);
}

$("curve-phase").addEventListener("change", (event) => { chosenPhase = event.target.value; });
poll();
