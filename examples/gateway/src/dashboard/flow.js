// The picture in the middle: requests come from the left, pass under the arch or bounce off it, and
// go on to the upstream that was picked. One dot is one request, while there are few enough.
const MOST = 90;
const dots = [];
const owed = { denied: 0, upstreams: {} };
const shine = {};
let hits = 0;

function place(width, height, count) {
  const radius = Math.min(height * 0.36, width * 0.15), arch = { x: width * 0.4, y: height * 0.74, radius, inner: radius * 0.64 };
  const gap = Math.min(88, (height - 40) / Math.max(count, 1)), first = height / 2 - gap * (count - 1) / 2;
  return { arch, ends: Array.from({ length: count }, (_, i) => ({ x: width - 150, y: first + gap * i })), left: 8 };
}

const mix = (a, b, t) => a + (b - a) * t;
function along([a, b, c, d], t) {
  const u = 1 - t, w = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [0, 1].map(k => a[k] * w[0] + b[k] * w[1] + c[k] * w[2] + d[k] * w[3]);
}

// The two halves of a dot's way, in the picture as it is now: before the arch and after it.
function way({ kind, index, lane }, { arch, ends, left }) {
  const denied = kind === "denied", from = [left, mix(arch.y - arch.radius * 1.5, arch.y + 10, lane)];
  const gate = denied
    ? [arch.x - arch.radius - 4, mix(arch.y - arch.radius * 0.5, arch.y - 8, lane)]
    : [arch.x, mix(arch.y - arch.inner * 0.62, arch.y - 8, lane)];
  const half = (gate[0] - left) / 2, first = [from, [left + half, from[1]], [gate[0] - half, gate[1]], gate];
  if (denied) return [first, [gate, [gate[0] - 30, gate[1] - 26], [gate[0] - 62, gate[1] + 10], [gate[0] - 84 - lane * 40, arch.y + 34]]];
  const end = ends[index], reach = (end.x - arch.x) / 2;
  return [first, [gate, [arch.x + reach, gate[1]], [end.x - reach, end.y], [end.x - 14, end.y]]];
}

function send(kind, index, failed) {
  const [lane, pace, size] = [Math.random(), 0.85 + Math.random() * 0.3, 1.9 + Math.random() * 1.1];
  dots.push({ kind, index, failed, lane, pace, size, age: 0 });
}

function emit(sample, passed) {
  const total = sample.allowed + sample.denied, share = Math.min(1, MOST / Math.max(total, 1));
  owed.denied += sample.denied * share * passed;
  while (owed.denied >= 1) { owed.denied--; send("denied"); }
  sample.upstreams.forEach((upstream, i) => {
    let debt = (owed.upstreams[i] ?? Math.random()) + upstream.rate * share * passed;
    while (debt >= 1) { debt--; send("passed", i, Math.random() < upstream.failed / Math.max(upstream.rate, 0.1)); }
    owed.upstreams[i] = debt;
  });
}

function stones(pen, { x, y, radius, inner }) {
  const count = 9;
  for (let i = 0; i < count; i++) {
    const from = Math.PI + (i + 0.05) * Math.PI / count, to = Math.PI + (i + 0.95) * Math.PI / count;
    const key = i === (count - 1) / 2, reach = key ? radius * 1.09 : radius;
    pen.beginPath(); pen.arc(x, y, reach, from, to); pen.arc(x, y, inner, to, from, true); pen.closePath();
    const heat = i < 4 ? hits * (1 - i / 5) : 0;
    pen.fillStyle = `color-mix(in srgb, ${tint.deny} ${Math.round(heat * 60)}%, color-mix(in srgb, ${tint.ink} ${key ? 30 : 14}%, ${tint.stone}))`;
    pen.fill();
  }
  pen.fillStyle = sheer(tint.ink, 0.14);
  pen.fillRect(x - radius, y + 2, radius - inner, 12); pen.fillRect(x + inner, y + 2, radius - inner, 12);
  pen.fillStyle = tint.edge; pen.fillRect(8, y + 16, x * 2 - 16, 1);
}

function flow(canvas, sample, passed, still) {
  const { pen, width, height } = fit(canvas), spot = place(width, height, sample.upstreams.length);
  hits *= 0.97 ** (passed * 60);
  sample.upstreams.forEach((upstream, i) => {
    const end = spot.ends[i], color = tint[hueOf(upstream)], reach = (end.x - spot.arch.x) / 2, from = spot.arch.y - spot.arch.inner * 0.34;
    pen.beginPath(); pen.moveTo(spot.arch.x, from);
    pen.bezierCurveTo(spot.arch.x + reach, from, end.x - reach, end.y, end.x - 14, end.y);
    pen.strokeStyle = sheer(color, 0.2); pen.lineWidth = 1.5 + Math.min(7, upstream.rate / 14);
    pen.setLineDash(takes(upstream) ? [] : [4, 6]); pen.stroke(); pen.setLineDash([]);
  });
  if (!still) emit(sample, passed);
  for (const dot of dots) {
    dot.age += passed * dot.pace * 0.95;
    const late = dot.age > 1, [first, second] = way(dot, spot), at = late ? along(second, Math.min(dot.age - 1, 1)) : along(first, dot.age);
    if (dot.kind === "denied" && late && !dot.hit) { dot.hit = true; hits = Math.min(1, hits + 0.22); }
    const color = dot.kind === "denied" ? (late ? tint.deny : tint.faint) : dot.failed && dot.age > 1.6 ? tint.fail : late ? tint.pass : tint.faint;
    pen.globalAlpha = dot.kind === "denied" && late ? Math.max(0, 2 - dot.age) : Math.min(1, dot.age * 5);
    pen.fillStyle = color; pen.beginPath(); pen.arc(at[0], at[1], dot.size, 0, 7); pen.fill();
    if (dot.age >= 2 && dot.kind === "passed") shine[dot.index] = { heat: 1, color: dot.failed ? tint.fail : tint.pass };
  }
  pen.globalAlpha = 1;
  for (let i = dots.length - 1; i >= 0; i--) if (dots[i].age >= 2) dots.splice(i, 1);
  stones(pen, spot.arch);
  pen.textBaseline = "middle"; pen.textAlign = "left";
  sample.upstreams.forEach((upstream, i) => {
    const { x, y } = spot.ends[i], color = tint[hueOf(upstream)], glow = shine[i], size = 9 + Math.min(11, Math.sqrt(upstream.in_flight) * 2.4);
    if (glow) {
      glow.heat *= 0.9 ** (passed * 60);
      pen.beginPath(); pen.arc(x, y, size + 9 * (1 - glow.heat), 0, 7); pen.strokeStyle = sheer(glow.color, glow.heat * 0.6); pen.lineWidth = 2; pen.stroke();
    }
    pen.beginPath(); pen.arc(x, y, size, 0, 7); pen.fillStyle = sheer(color, 0.22); pen.fill();
    pen.beginPath(); pen.arc(x, y, 5, 0, 7); pen.fillStyle = color; pen.fill();
    pen.fillStyle = tint.ink; pen.font = "600 13px Inter, system-ui, sans-serif"; pen.fillText(upstream.id, x + 30, y - 8);
    pen.fillStyle = tint.soft; pen.font = "12px Inter, system-ui, sans-serif"; pen.fillText(`${show(upstream.rate)}/s · ${stateOf(upstream)}`, x + 30, y + 9);
  });
}
