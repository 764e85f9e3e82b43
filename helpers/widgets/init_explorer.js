// A deep network that is drawn and run here, anew at each change; helpers/widgets/init_explorer.py
// does the same in NumPy. `state` is {act, scheme, gain, depth, layer, seed}.

const BENDS = {
  relu: [(z) => Math.max(z, 0), (h) => (h > 0 ? 1 : 0)],
  tanh: [Math.tanh, (h) => 1 - h * h],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (h) => h * (1 - h)],
  linear: [(z) => z, () => 1],
};
const RANGES = { relu: (m) => [0, m], tanh: () => [-1, 1], sigmoid: () => [0, 1], linear: (m) => [-m, m] };

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-init");
  keepKeys(el);
  el.tabIndex = 0;
  const schemes = data.schemes.map(([name]) => name), acts = Object.keys(BENDS), gains = data.gains;
  const bends = tabRow(acts, (i) => go({ act: acts[i] }));
  const rules = tabRow(schemes, (i) => go({ scheme: schemes[i], gain: data.schemes[i][1] }));
  const gain = slider("Gain", 0, gains.length - 1, (i) => go({ scheme: "own gain", gain: gains[i] }));
  const depth = slider("Depth", 2, data.deepest, (d) => go({ depth: d }));
  const layer = slider("Layer", 1, data.deepest, (k) => go({ layer: k }));
  const again = make("button", { type: "button", onclick: () => go({ seed: state.seed + 1 }) }, "draw again");
  const words = make("div", { className: "ag-caption", ariaLive: "polite" });
  const frame = make("div", { className: "ag-frame" });
  const rows = [["bend", bends], ["weights", rules], [`gain s·√${data.units}`, gain.row], ["depth", depth.row], ["layer", layer.row]];
  depth.row.append(again);
  el.replaceChildren(make("div", { className: "ag-choices" }, ...rows.flat()), words, frame);
  el.onkeydown = (event) => {
    if (event.target !== el || event.ctrlKey || event.metaKey || event.altKey) return;
    const k = { ArrowLeft: state.layer - 1, ArrowRight: state.layer + 1, Home: 1, End: state.depth }[event.key];
    if (k === undefined) return;
    event.preventDefault();
    go({ layer: k });
  };
  let known = "", net;

  function slider(label, min, max, act) {
    const input = make("input", { type: "range", min, max, ariaLabel: label });
    input.oninput = () => act(+input.value);
    const count = make("span", { className: "ag-count" });
    return { input, count, row: make("span", { className: "ag-knob" }, input, count) };
  }
  function go(change) {
    state = { ...state, ...change };
    state.layer = Math.max(1, Math.min(state.depth, state.layer));
    show();
    changed(state);
  }
  function show() {
    const { act, scheme, gain: g, depth: deep, layer: k } = state;
    const key = JSON.stringify([act, scheme, g, deep, state.seed]);
    if (key !== known) net = network(data, state);
    known = key;
    bends.select(acts.indexOf(act));
    rules.select(schemes.indexOf(scheme));
    gain.input.value = nearest(gains, g);
    gain.count.textContent = short(g);
    gain.input.setAttribute("aria-valuetext", short(g));
    depth.input.value = depth.count.textContent = deep;
    layer.input.max = deep;
    layer.input.value = layer.count.textContent = k;
    const h = net.hs[k], d = net.gs[k], forward = net.signal, back = net.gradient;
    el.dataset.signal = forward[k - 1];
    el.dataset.gradient = back[k - 1];
    words.replaceChildren(
      `Layer ${k} of ${deep}: h has std `, ink("data", short(forward[k - 1])), ", ∂L/∂h has std ",
      ink("gradient", short(back[k - 1])), `. ${extremes(act, h)}`, make("br"),
      `From layer to layer: the signal × ${short(rate(forward[0], forward[deep - 1], deep))}, going back the gradient × ${short(rate(back[deep - 1], back[0], deep))}.`);
    frame.innerHTML = picture(state, forward, back, h, d);
    const pad = frame.querySelector(".ag-touch");
    const follow = (event) => {
      const box = pad.getBoundingClientRect();
      go({ layer: Math.round(1 + (event.clientX - box.left) / box.width * (state.depth - 1)) });
    };
    pad.onpointerdown = follow;
    pad.onpointermove = (event) => event.buttons && follow(event);
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}

const ink = (kind, text) => make("b", { className: `ag-${kind}-ink` }, text);
const rate = (from, to, depth) => (to / from) ** (1 / (depth - 1));
const nearest = (list, x) => list.reduce((best, v, i) => (Math.abs(Math.log(v / x)) < Math.abs(Math.log(list[best] / x)) ? i : best), 0);

// Two significant digits
function short(x) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : "∞";
  return number(+x.toPrecision(2)).replace(/\.0$/, "");
}

function extremes(act, h) {
  const share = (test) => `${Math.round((100 * h.filter(test).length) / h.length)}%`;
  if (act === "relu") return `${share((x) => x === 0)} of the h are 0.`;
  if (act === "tanh") return `${share((x) => Math.abs(x) > 0.97)} of the h are beyond ±0.97.`;
  if (act === "sigmoid") return `${share((x) => x < 0.03 || x > 0.97)} of the h are below 0.03 or above 0.97.`;
  return "";
}

// Numbers between 0 and 1: mulberry32, the same in Python
function uniforms(seed, count) {
  const u = new Float64Array(count);
  for (let i = 0, a = seed | 0; i < count; i++) {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    u[i] = ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  return u;
}

function normals(seed, count) {
  const u = uniforms(seed, count), out = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const r = Math.sqrt(-2 * Math.log(1 - u[i])), angle = 2 * Math.PI * u[i + 1];
    out[i] = r * Math.cos(angle);
    out[i + 1] = r * Math.sin(angle);
  }
  return out;
}

// Weights (n, n) of one layer, row by row
function weights(scheme, gain, n, seed) {
  if (scheme === "default") return uniforms(seed, n * n).map((u) => (2 * u - 1) * Math.sqrt(3 / n) * gain);
  const W = normals(seed, n * n);
  if (scheme !== "orthogonal") return W.map((w) => (w * gain) / Math.sqrt(n));
  for (let j = 0; j < n; j++) { // Gram and Schmidt, column by column
    for (let k = 0; k <= j; k++) {
      let dot = 0;
      for (let i = 0; i < n; i++) dot += W[i * n + k] * W[i * n + j];
      for (let i = 0; i < n; i++)
        if (k < j) W[i * n + j] -= dot * W[i * n + k];
        else W[i * n + j] /= Math.sqrt(dot);
    }
  }
  return W.map((w) => w * gain);
}

// A (N, n) times W (n, n), or times its transpose
function times(A, W, N, n, transposed) {
  const out = new Float64Array(N * n);
  for (let r = 0; r < N; r++)
    for (let i = 0; i < n; i++) {
      if (transposed) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += A[r * n + j] * W[i * n + j];
        out[r * n + i] = sum;
      } else {
        const a = A[r * n + i];
        if (a !== 0) for (let j = 0; j < n; j++) out[r * n + j] += a * W[i * n + j];
      }
    }
  return out;
}

function std(values) {
  const mean = values.reduce((s, x) => s + x, 0) / values.length;
  return Math.sqrt(values.reduce((s, x) => s + (x - mean) ** 2, 0) / values.length);
}

function network({ rows: N, units: n }, { act, scheme, gain, depth, seed }) {
  const [bend, slope] = BENDS[act], base = 1000 * seed;
  const hs = [normals(base, N * n)], Ws = [null];
  for (let k = 1; k <= depth; k++) {
    Ws.push(weights(scheme, gain, n, base + k));
    hs.push(times(hs[k - 1], Ws[k], N, n, false).map(bend));
  }
  const gs = [];
  gs[depth] = normals(base + 999, N * n);
  for (let k = depth; k > 1; k--)
    gs[k - 1] = times(gs[k].map((g, i) => g * slope(hs[k][i])), Ws[k], N, n, true);
  return { hs, gs, signal: hs.slice(1).map(std), gradient: gs.slice(1).map(std) };
}

const LEFT = 56, RIGHT = 420, TOP = 14, BOTTOM = 250;

function picture({ act, depth, layer }, forward, back, h, d) {
  const powers = [...forward, ...back].filter((x) => x > 0 && Number.isFinite(x)).map(Math.log10);
  const low = Math.floor(Math.min(-2, ...powers)), high = Math.ceil(Math.max(2, ...powers));
  const x = (k) => LEFT + ((k - 1) / (depth - 1)) * (RIGHT - LEFT);
  const y = (v) => BOTTOM - ((Math.log10(v) - low) / (high - low)) * (BOTTOM - TOP);
  const path = (values) => {
    const points = values.map((v, i) => [x(i + 1), y(v)]).filter(([, height]) => Number.isFinite(height));
    return points.length ? "M" + points.map((p) => p.map((c) => c.toFixed(1)).join(" ")).join("L") : "";
  };
  const step = [1, 2, 5, 10, 20, 50].find((s) => (high - low) / s <= 7) ?? 50, ticks = [];
  for (let p = Math.ceil(low / step) * step; p <= high; p += step) ticks.push(p);
  const text = (px, py, words, name = "") => `<text class="${name}" x="${px}" y="${py}">${words}</text>`;
  const lines = ticks.map((p) => `<path class="ag-grid" d="M${LEFT} ${y(10 ** p).toFixed(1)}H${RIGHT}"/>`);
  const labels = ticks.map((p) => text(LEFT - 6, (y(10 ** p) + 4).toFixed(1), power(p), "ag-end"));
  const dot = (values, name) => (values[layer - 1] > 0 ? `<circle class="${name}" cx="${x(layer).toFixed(1)}" cy="${y(values[layer - 1]).toFixed(1)}" r="4.5"/>` : "");
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 712 292">
<title>Std of signal and gradient in each layer, and their histograms at layer ${layer}</title>
<rect class="ag-paper" width="712" height="292"/>
${lines.join("")}<path class="ag-axis" d="M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}"/>
<path class="ag-here" d="M${x(layer).toFixed(1)} ${TOP}V${BOTTOM}"/>
<path class="ag-signal" d="${path(forward)}"/><path class="ag-back" d="${path(back)}"/>
${dot(forward, "ag-signal-dot")}${dot(back, "ag-back-dot")}
<g>${labels.join("")}${text(LEFT, 268, 1)}${text(RIGHT, 268, depth)}${text((LEFT + RIGHT) / 2, 284, "layer; std on a log scale")}
${text((LEFT + RIGHT) / 2, 268, "solid blue: h&#160;&#160; dashed orange: ∂L/∂h")}</g>
${histogram(act === "relu" ? h.filter((v) => v > 0) : h, 14, "ag-signal-bar", `h at layer ${layer}${act === "relu" ? ", without the zeros" : ""}`, RANGES[act])}
${histogram(d, 154, "ag-back-bar", `∂L/∂h at layer ${layer}`, RANGES.linear)}
<rect class="ag-touch" x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}"/></svg>`;
}

// Bars over all that a bend can give, or up to the largest value
function histogram(values, top, name, title, range) {
  const left = 458, wide = 240, high = 84, bins = 40, counts = new Array(bins).fill(0);
  const [low, above] = range(values.reduce((m, v) => Math.max(m, Math.abs(v)), 0));
  for (const v of values)
    if (Number.isFinite(v) && above > low) counts[Math.min(bins - 1, Math.floor(((v - low) / (above - low)) * bins))]++;
  const most = Math.max(1, ...counts);
  const bars = counts.map((c, i) => {
    const tall = (c / most) * high;
    return c ? `<rect class="${name}" x="${left + (i * wide) / bins}" y="${(top + 18 + high - tall).toFixed(1)}" width="${wide / bins - 1}" height="${tall.toFixed(1)}"/>` : "";
  });
  const floor = top + 18 + high;
  return `${bars.join("")}<path class="ag-axis" d="M${left} ${floor}h${wide}"/><g>
<text x="${left + wide / 2}" y="${top + 10}">${title}</text><text class="ag-start" x="${left}" y="${floor + 14}">${short(low)}</text>
<text x="${left + wide / 2}" y="${floor + 14}">${short((low + above) / 2)}</text><text class="ag-end" x="${left + wide}" y="${floor + 14}">${short(above)}</text></g>`;
}

function power(p) {
  if (p === 0) return "1";
  return `10<tspan dy="-5" font-size="9">${String(p).replace("-", "−")}</tspan>`;
}
