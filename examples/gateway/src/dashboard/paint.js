// Charts that move with time: a canvas, sharp on every screen, and curves over the last two minutes.
const SPAN = 120_000;
const tint = {};
function readTint() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "stone", "edge", "ink", "soft", "faint", "pass", "deny", "fail", "drain", "slow"])
    tint[name] = style.getPropertyValue("--" + name).trim();
}
const sheer = (color, share) => `color-mix(in srgb, ${color} ${Math.round(share * 100)}%, transparent)`;

function fit(canvas) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  return { pen, width: box.width, height: box.height };
}

// Through the middles between points: never overshoots, so a rate is never drawn below zero.
function trace(pen, points) {
  pen.moveTo(points[0][0], points[0][1]);
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i], [nx, ny] = points[i + 1];
    pen.quadraticCurveTo(x, y, (x + nx) / 2, (y + ny) / 2);
  }
  const last = points[points.length - 1];
  pen.lineTo(last[0], last[1]);
}

function curve(pen, points, color, floor, depth) {
  if (points.length < 2) return;
  if (depth) {
    const fade = pen.createLinearGradient(0, Math.min(...points.map(p => p[1])), 0, floor);
    fade.addColorStop(0, sheer(color, depth)); fade.addColorStop(1, sheer(color, 0.02));
    pen.beginPath(); trace(pen, points);
    pen.lineTo(points[points.length - 1][0], floor); pen.lineTo(points[0][0], floor);
    pen.fillStyle = fade; pen.fill();
  }
  pen.beginPath(); trace(pen, points);
  pen.strokeStyle = color; pen.lineWidth = 1.8; pen.lineJoin = "round"; pen.stroke();
}

// The top of the scale follows the data, gently; steps are 1, 2 or 5 of something.
const tops = new WeakMap();
function top(canvas, wanted) {
  const before = tops.get(canvas) ?? wanted, now = before + (wanted - before) * 0.08;
  tops.set(canvas, now);
  return now;
}
function step(high) {
  const raw = high / 3, unit = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map(m => m * unit).find(s => s >= raw);
}

function chart(canvas, now, samples, series, { labels = true, least = 10, unit = "" } = {}) {
  const { pen, width, height } = fit(canvas);
  const left = labels ? 34 : 4, right = width - 4, floor = height - (labels ? 18 : 3), head = 8;
  const highest = Math.max(least, ...samples.map(s => Math.max(...series.map(l => l.of(s) ?? 0))));
  const high = top(canvas, highest * 1.12);
  const x = at => right - (now - at) / SPAN * (right - left), y = v => floor - Math.min(v / high, 1.05) * (floor - head);
  pen.font = "11px Inter, system-ui, sans-serif"; pen.lineWidth = 1;
  if (labels) {
    pen.strokeStyle = tint.edge; pen.fillStyle = tint.faint; pen.textAlign = "right"; pen.textBaseline = "middle";
    for (let v = 0, s = step(high); v <= high; v += s) {
      const at = Math.round(y(v)) + 0.5;
      pen.beginPath(); pen.moveTo(left, at); pen.lineTo(right, at); pen.stroke();
      pen.fillText(v.toLocaleString("en") + unit, left - 7, at);
    }
    pen.textBaseline = "alphabetic";
    for (const [text, ago, side] of [["2 min ago", SPAN, "left"], ["1 min", SPAN / 2, "center"], ["now", 0, "right"]]) {
      pen.textAlign = side; pen.fillText(text, x(now - ago), height - 3);
    }
  } else if (samples.some(s => series.some(l => l.of(s) != null))) {
    pen.fillStyle = tint.faint; pen.textAlign = "left"; pen.textBaseline = "top";
    pen.fillText(show(highest) + unit, left, 0);
  }
  pen.save(); pen.beginPath(); pen.rect(left, 0, right - left, floor + 1); pen.clip();
  for (const line of series) {
    const points = samples.filter(s => line.of(s) != null).map(s => [x(s.at), y(line.of(s))]);
    curve(pen, points, line.color, floor, line.depth);
    const end = points[points.length - 1];
    if (end) { pen.beginPath(); pen.arc(Math.min(end[0], right - 3), end[1], 3, 0, 7); pen.fillStyle = line.color; pen.fill(); }
  }
  pen.restore();
}

// Equal neighbours are one stretch, so that no seam shows between them.
function strip(canvas, now, samples, colorOf) {
  const { pen, width, height } = fit(canvas);
  const x = at => width - (now - at) / SPAN * width;
  for (let i = 0, end; i < samples.length; i = end) {
    const color = colorOf(samples[i]);
    for (end = i + 1; end < samples.length && colorOf(samples[end]) === color; end++);
    const to = x(samples[end]?.at ?? now + 500);
    pen.fillStyle = color; pen.fillRect(x(samples[i].at), 0, to - x(samples[i].at), height);
  }
}

function show(figure) {
  if (figure == null) return "–";
  if (figure >= 100) return Math.round(figure).toLocaleString("en");
  return figure >= 10 ? figure.toFixed(figure % 1 ? 1 : 0) : figure.toFixed(1);
}
