// What arrives over server-sent events, and where it is shown.
const $ = id => document.getElementById(id);
const samples = [];
const cards = new Map();
let arrived = 0;

// One word for an upstream, the worst that holds.
function stateOf(upstream) {
  if (upstream.draining) return "draining";
  if (!upstream.healthy) return "unhealthy";
  return { open: "open", "half-open": "half-open" }[upstream.breaker] ?? "healthy";
}
const takes = upstream => stateOf(upstream) === "healthy" || stateOf(upstream) === "half-open";
const hueOf = upstream => ({ healthy: "pass", "half-open": "deny", draining: "drain" })[stateOf(upstream)] ?? "fail";
const said = { healthy: "healthy", unhealthy: "unhealthy", draining: "draining", open: "breaker open", "half-open": "trying again" };

function put(node, figure, unit) {
  const text = `${figure}|${unit}`;
  if (node.dataset.text === text) return;
  node.dataset.text = text; node.textContent = figure;
  if (unit) { const small = document.createElement("i"); small.textContent = unit; node.append(small); }
}

function post(path) { return fetch(path, { method: "POST" }); }

function cardOf(upstream) {
  let card = cards.get(upstream.id);
  if (card) return card;
  const article = $("upstream").content.firstElementChild.cloneNode(true), fields = {};
  for (const node of article.querySelectorAll("[data-f]")) fields[node.dataset.f] = node;
  const [latency, states] = article.querySelectorAll("canvas");
  const [drain, kill] = article.querySelectorAll("button");
  card = { article, fields, latency, states, drain, kill, breaker: article.querySelector(".breaker"), state: null };
  drain.onclick = () => post(`upstreams/${upstream.id}/${card.draining ? "undrain" : "drain"}`);
  kill.onclick = () => post(`upstreams/${upstream.id}/${card.running ? "kill" : "revive"}`);
  cards.set(upstream.id, card);
  $("upstreams").append(article);
  return card;
}

function update(upstream, at) {
  const card = cardOf(upstream), { fields } = card, state = stateOf(upstream);
  card.draining = upstream.draining; card.running = upstream.running;
  card.article.dataset.state = state; card.article.dataset.id = upstream.id;
  fields.id.textContent = upstream.id; fields.address.textContent = upstream.address; fields.state.textContent = said[state];
  put(fields.rate, show(upstream.rate), "/s"); put(fields.in_flight, upstream.in_flight);
  put(fields.p50, show(upstream.latency?.p50), upstream.latency && "ms"); put(fields.p99, show(upstream.latency?.p99), upstream.latency && "ms");
  card.breaker.dataset.breaker = upstream.breaker;
  const failing = { open: "sends nothing", "half-open": "tries a few" }[upstream.breaker] ?? `${Math.round(upstream.failure_rate * 100)} % failing`;
  fields.breaker.textContent = `breaker ${upstream.breaker}, ${failing}`;
  card.drain.textContent = upstream.draining ? "undrain" : "drain";
  card.kill.hidden = upstream.running === undefined; card.kill.textContent = upstream.running ? "kill" : "revive";
  if (card.state && card.state !== state) note(upstream, state);
  card.state = state;
}

function note(upstream, state) {
  const line = document.createElement("span"), name = document.createElement("b");
  name.textContent = upstream.id; name.className = hueOf(upstream);
  line.append(new Date().toLocaleTimeString("en-GB") + "  ", name, " " + said[state]);
  $("log").prepend(line);
  while ($("log").children.length > 8) $("log").lastChild.remove();
}

function take(sample) {
  samples.push(sample);
  while (samples.length && sample.at - samples[0].at > SPAN + 2000) samples.shift();
  arrived = performance.now();
}

function render() {
  const sample = samples[samples.length - 1];
  if (!sample) return;
  put($("allowed"), show(sample.allowed), "/s"); put($("denied"), show(sample.denied), "/s"); put($("failed"), show(sample.failed), "/s");
  put($("p50"), show(sample.latency?.p50), "ms"); put($("p99"), show(sample.latency?.p99), "ms");
  $("since").textContent = `${sample.total.toLocaleString("en")} requests · ${sample.clients.toLocaleString("en")} clients`;
  $("mark").style.fill = sample.upstreams.every(takes) ? "" : sample.upstreams.some(takes) ? "var(--deny)" : "var(--fail)";
  $("traffic").hidden = !sample.traffic;
  for (const button of $("traffic").querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.level === sample.traffic);
  for (const upstream of sample.upstreams) update(upstream, sample.at);
}

let before = 0;
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
function frame(time) {
  requestAnimationFrame(frame);
  const passed = Math.min((time - before) / 1000, 0.1), sample = samples[samples.length - 1];
  before = time;
  if (!sample) return;
  const now = sample.at + Math.min(performance.now() - arrived, 1500) - 500;
  flow($("flow"), sample, passed, still);
  chart($("rates"), now, samples, [
    { of: s => s.allowed, color: tint.pass, depth: 0.32 }, { of: s => s.denied, color: tint.deny, depth: 0.22 },
    { of: s => s.failed, color: tint.fail },
  ]);
  sample.upstreams.forEach((upstream, i) => {
    const card = cards.get(upstream.id);
    if (!card) return;
    chart(card.latency, now, samples, [
      { of: s => s.upstreams[i]?.latency?.p99, color: sheer(tint.slow, 0.55) }, { of: s => s.upstreams[i]?.latency?.p50, color: tint.slow, depth: 0.25 },
    ], { labels: false, least: 1, unit: " ms" });
    strip(card.states, now, samples, s => sheer(tint[hueOf(s.upstreams[i])], stateOf(s.upstreams[i]) === "healthy" ? 0.45 : 0.9));
  });
}

function arch(svg) {
  const point = (r, a) => `${17 + r * Math.cos(a)} ${22 + r * Math.sin(a)}`;
  for (let i = 0; i < 7; i++) {
    const a = Math.PI + (i + 0.08) * Math.PI / 7, b = Math.PI + (i + 0.92) * Math.PI / 7, r = i === 3 ? 19 : 16;
    const stone = document.createElementNS("http://www.w3.org/2000/svg", "path");
    stone.setAttribute("d", `M${point(9, a)}L${point(r, a)}L${point(r, b)}L${point(9, b)}Z`);
    svg.append(stone);
  }
}

function theme(choice) {
  if (choice) document.documentElement.dataset.theme = choice;
  readTint();
}
$("theme").onclick = () => {
  const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  theme(dark ? "light" : "dark");
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
for (const button of $("traffic").querySelectorAll("button")) button.onclick = () => post(`traffic/${button.dataset.level}`);

function live(on) { $("live").dataset.on = on; $("live").textContent = on ? "live" : "connection lost, trying again"; }
// `?theme=dark` chooses a theme; `?samples=8` stops after so many, for pictures and tests: a page whose
// stream never ends is never done loading.
const asked = new URLSearchParams(location.search);
let wanted = Number(asked.get("samples"));
const source = new EventSource("events");
source.addEventListener("history", event => { samples.length = 0; JSON.parse(event.data).forEach(take); live(true); render(); });
source.addEventListener("sample", event => {
  take(JSON.parse(event.data)); render();
  if (--wanted === 0) source.close();
});
source.onerror = () => live(false);

arch($("mark"));
theme(asked.get("theme"));
requestAnimationFrame(frame);
