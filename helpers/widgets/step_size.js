// Drags the step of a difference quotient. All numbers and heights come along in `data`; here they
// are only chosen. `state` is {i, method, dtype}; step i grows with i.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-step-size");
  keepKeys(el);
  el.tabIndex = 0;
  const last = data.steps.length - 1;
  const methods = choice("Difference", ["forward", "central"], (method) => go({ ...state, method }));
  const dtypes = choice("Type", Object.keys(data.views), (dtype) => go({ ...state, dtype }));
  const slider = make("input", { type: "range", min: 0, max: last, ariaLabel: "Step h" });
  slider.oninput = () => go({ ...state, i: +slider.value });
  const step = make("span", { className: "ag-count" });
  const numbers = make("pre", { className: "ag-numbers" });
  const words = make("div", { className: "ag-words", ariaLive: "polite" });
  const frame = make("div", { className: "ag-frame" });
  frame.innerHTML = data.svg;
  el.replaceChildren(
    make("div", { className: "ag-bar-row" }, methods.row, dtypes.row, "h", slider, step),
    make("div", { className: "ag-caption" }, numbers, words), frame);
  const drawn = (name) => frame.querySelector(name), all = (name) => [...frame.querySelectorAll(name)];
  drawn("svg").append(touchpad());
  el.onkeydown = (event) => {
    if (event.target !== el || event.ctrlKey || event.metaKey || event.altKey) return;
    const i = { ArrowLeft: state.i - 1, ArrowRight: state.i + 1, Home: 0, End: last }[event.key];
    if (i === undefined) return;
    event.preventDefault();
    go({ ...state, i });
  };

  function choice(label, names, choose) {
    const buttons = names.map((name) => make("button", { type: "button", onclick: () => choose(name) }, name));
    const row = make("span", { className: "ag-choice", role: "group", ariaLabel: label }, ...buttons);
    const press = (name) => buttons.forEach((b) => b.setAttribute("aria-pressed", b.textContent === name));
    return { row, press };
  }
  // The panel of the V-curves: wherever it is touched, there goes the step.
  function touchpad() {
    const { first, last: end, top, bottom } = data.pad;
    const pad = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const place = { class: "ag-touch", x: first - 8, y: top, width: end - first + 16, height: bottom - top };
    set(pad, place);
    const follow = (event) => {
      const box = pad.getBoundingClientRect();
      const x = first - 8 + (event.clientX - box.left) / box.width * place.width;
      go({ ...state, i: Math.round((x - first) / (end - first) * last) });
    };
    pad.onpointerdown = (event) => {
      pad.setPointerCapture(event.pointerId);
      follow(event);
    };
    pad.onpointermove = (event) => pad.hasPointerCapture(event.pointerId) && follow(event);
    return pad;
  }
  function go(next) {
    state = { ...next, i: Math.max(0, Math.min(last, next.i)) };
    show();
    changed(state);
  }
  function show() {
    const { i, method, dtype } = state, key = `${method} ${dtype}`, curve = data.curves[key];
    methods.press(method);
    dtypes.press(dtype);
    slider.value = i;
    slider.setAttribute("aria-valuetext", data.steps[i]);
    step.textContent = data.steps[i];
    el.dataset.step = data.steps[i];
    tell(curve, i);
    lens(data.views[dtype][i]);
    const { first, last: end } = data.pad, x = first + i / last * (end - first);
    set(drawn(".ag-here"), { x1: x, x2: x });
    drawn(".ag-chosen-name").textContent = `relative error: ${method}, ${dtype}`;
    for (const v of all("[data-key]")) {
      const chosen = v.dataset.key === key;
      v.classList.toggle("ag-chosen", chosen);
      if (v.matches(".ag-point")) set(v, { cx: x, cy: data.curves[v.dataset.key].y[i], r: chosen ? 5.5 : 3.5 });
      if (chosen) v.parentNode.insertBefore(v, drawn(v.matches(".ag-v") ? ".ag-here" : ".ag-touch"));
    }
  }
  // f and its secant under the microscope
  function lens({ curve, ends }) {
    const { left, right, middle: [x0, y0], step } = data.lens, wide = (right - left) / (curve.length - 1);
    set(drawn(".ag-f"), { d: "M" + curve.map((y, j) => `${left + j * wide} ${y}`).join("L") });
    const start = state.method === "central" ? [x0 - step, ends[0]] : [x0, y0], end = [x0 + step, ends[1]];
    const slope = (end[1] - start[1]) / (end[0] - start[0]), at = (x) => start[1] + slope * (x - start[0]);
    set(drawn(".ag-secant"), { x1: left, y1: at(left), x2: right, y2: at(right) });
    all(".ag-end-of-secant").forEach((dot, k) => set(dot, { cx: [start, end][k][0], cy: [start, end][k][1] }));
  }
  // Both slopes, the digits that are wrong underlined, and which of the two errors it is
  function tell({ slopes, errors, best }, i) {
    const right = Math.max(0, Math.min(12, Math.floor(-Math.log10(2 * Math.abs(slopes[i] - data.true) || 1e-13))));
    const text = slopes[i].toFixed(12).replace("-", "−"), cut = text.indexOf(".") + 1 + right;
    numbers.replaceChildren(
      `secant   ${text.slice(0, cut)}`, make("span", { className: "ag-lost" }, text.slice(cut)),
      `\ntangent  ${data.true.toFixed(12).replace("-", "−")}`,
      `\nrelative error ${errors[i] === 0 ? "0" : errors[i].toExponential(0)}`);
    el.dataset.error = errors[i];
    const far = i - best;
    if (slopes[i] === 0 && far < 0) words.textContent = "Rounding has won: f gives the same number at both ends of the secant.";
    else if (Math.abs(far) <= 2) words.textContent = "Near the best step: the two errors are about equally large.";
    else if (far > 0) words.textContent = "Truncation: f bends between the two points, and the secant does not. A smaller step helps.";
    else words.textContent = "Rounding: the two values agree in most of their digits, and their difference keeps only the last few. A larger step helps.";
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}

function set(el, values) {
  for (const [name, value] of Object.entries(values)) el.setAttribute(name, value);
}
