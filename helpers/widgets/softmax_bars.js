// Scores as sliders, their softmax and the gradient of cross-entropy as bars. Nothing here needs a
// kernel. `state` is {scores, target, temperature, shift}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-softmax");
  const start = state;
  const group = `ag-target-${Math.random()}`;
  const go = (change) => { state = { ...state, ...change }; show(); changed(state); };
  const cell = (name, ...inside) => make("div", { className: `ag-${name}` }, ...inside);

  const rows = data.names.map((name, k) => {
    const radio = make("input", { type: "radio", name: group, ariaLabel: `Target: ${name}` });
    radio.onchange = () => go({ target: k });
    const slider = range(`Score of ${name}`, data.lowest, data.highest, 0.1, (z) =>
      go({ scores: state.scores.map((old, j) => (j === k ? z : old)) }));
    const score = cell("number"), p = cell("bar ag-data-bar"), d = cell("bar ag-gradient-bar");
    const share = cell("number ag-data-ink"), slope = cell("number ag-gradient-ink");
    const label = make("label", { className: "ag-name" }, ...(data.gradient ? [radio] : []), name);
    const cells = [label, slider, score, cell("track", p), share];
    if (data.gradient) cells.push(cell("track ag-two-sided", d), slope);
    return { radio, slider, score, p, share, d, slope, cells };
  });
  const heads = [data.gradient ? "target" : "class", "score z", "", "P = softmax(z)", ""];
  const slopeHead = cell("head");
  const table = cell(`rows${data.gradient ? "" : " ag-no-gradient"}`,
    ...heads.map((text) => cell("head", text)), ...(data.gradient ? [slopeHead, cell("head")] : []),
    ...rows.flatMap((row) => row.cells));

  const shift = range("Add a constant to all scores", -data.largest, data.largest, 10, (c) => go({ shift: c }));
  const heat = range("Temperature", 0.2, 5, 0.1, (t) => go({ temperature: t }));
  const shifted = cell("number"), heated = cell("number");
  const reset = make("button", { type: "button", onclick: () => go(start) }, "Reset");
  const knobs = cell("knobs", cell("knob", "add c to all scores", shift, shifted),
    cell("knob", "temperature T", heat, heated), reset);
  const sums = make("div", { ariaLive: "polite" }), naive = make("div");
  el.replaceChildren(cell("frame", table), knobs, make("div", { className: "ag-caption" }, sums, naive));

  function show() {
    const { target, temperature: T } = state;
    const z = state.scores.map((score) => score + state.shift);
    const P = softmax(z.map((score) => score / T));
    const dZ = P.map((p, k) => (p - (k === target)) / T);
    rows.forEach((row, k) => {
      row.radio.checked = k === target;
      row.slider.value = state.scores[k];
      row.score.textContent = minus(z[k].toFixed(1));
      row.p.style.width = `${100 * P[k]}%`;
      row.share.textContent = P[k].toFixed(3);
      const half = 50 * Math.min(1, Math.abs(dZ[k]));
      row.d.style.width = `${half}%`;
      row.d.style.left = `${dZ[k] < 0 ? 50 - half : 50}%`;
      row.slope.textContent = signed(dZ[k]);
    });
    slopeHead.textContent = T === 1 ? "dZ = P − Y" : "dZ = (P − Y) / T";
    shift.value = state.shift;
    heat.value = T;
    shifted.textContent = minus(state.shift.toFixed(0));
    heated.textContent = T.toFixed(1);
    const loss = data.gradient ? `L = −log P[target] = ${minusLog(z, T, target).toFixed(3)}. ` : "";
    const slopes = data.gradient ? `, those of dZ to ${signed(total(dZ))}` : "";
    sums.textContent = `${loss}The bars of P add up to ${total(P).toFixed(3)}${slopes}.`;
    tellNaive(z.map((score) => score / T));
  }
  // What the definition gives without subtracting the largest score first
  function tellNaive(z) {
    const e = z.map(Math.exp), sum = total(e), largest = Math.max(...e);
    const broken = !Number.isFinite(sum) || sum === 0;
    naive.className = broken ? "ag-wrong-ink" : "ag-count";
    const what = sum === 0 ? "0 / 0" : "∞ / ∞";
    naive.textContent = broken
      ? `✗ exp of these scores as they are: ${number(largest)}. Without subtracting the maximum P would be ${what} = NaN.`
      : `exp of the largest score as it is: ${number(largest)}.`;
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}

function range(label, min, max, step, act) {
  const slider = make("input", { type: "range", ariaLabel: label });
  Object.assign(slider, { min, max, step });
  slider.oninput = () => act(+slider.value);
  return slider;
}

function softmax(z) {
  const top = Math.max(...z), e = z.map((score) => Math.exp(score - top));
  return e.map((x) => x / total(e));
}

function minusLog(scores, T, target) {
  const z = scores.map((score) => score / T), top = Math.max(...z);
  return Math.log(total(z.map((score) => Math.exp(score - top)))) + top - z[target];
}

const total = (numbers) => numbers.reduce((sum, x) => sum + x, 0);
const minus = (text) => text.replace("-", "−");
const signed = (x) => (Math.abs(x) < 0.0005 ? "0.000" : (x > 0 ? "+" : "−") + Math.abs(x).toFixed(3));
