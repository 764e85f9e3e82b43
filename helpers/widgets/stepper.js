// Steps through a computation: values appear forward, gradients flow backward. All steps come along
// in `data`, so nothing here needs a kernel. `state` is {variant, step}, in drive mode {pushed}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-stepper");
  keepKeys(el);
  return data.drive ? driver(el, data, state, changed) : stepper(el, data, state, changed);
}

function stepper(el, data, state, changed) {
  let { variant, step } = state, shown, badges, timer = null;
  const control = (label, title, action) =>
    make("button", { type: "button", title, ariaLabel: title, onclick: action }, label);
  const play = control("Play", "Play or pause (space)", () => (timer ? pause() : start()));
  play.className = "ag-play";
  const speed = make("select", { title: "Speed", ariaLabel: "Speed", onchange: restart });
  for (const [label, wait] of [["slow", 1600], ["normal", 800], ["fast", 300]])
    speed.append(make("option", { value: wait, selected: label === "normal" }, label));
  const slider = make("input", { type: "range", min: 0, ariaLabel: "Step" });
  slider.oninput = () => go(+slider.value);
  const count = make("span", { className: "ag-count" });
  const bar = make("div", { className: "ag-bar-row" },
    control(icon("M2 2h2v10h-2zM12 2v10L5 7z"), "First step (home)", () => go(0)),
    control(icon("M10 2v10L3 7z"), "One step back (left arrow)", () => go(step - 1)),
    control(icon("M4 2v10l7-5z"), "One step forward (right arrow)", () => go(step + 1)),
    control(icon("M2 2v10l7-5zM10 2h2v10h-2z"), "Last step (end)", () => go(Infinity)),
    play, speed, slider, count);
  const phase = make("span", { className: "ag-phase" });
  const words = make("span", { className: "ag-words" });
  const equation = make("div", { className: "ag-equation" });
  const caption = make("div", { className: "ag-caption", ariaLive: "polite" },
    make("div", {}, phase, words), equation);
  const frame = make("div", { className: "ag-frame" });
  const tabs = data.variants.length > 1 ? tabRow(data.variants.map((v) => v.label), choose) : null;
  el.replaceChildren(...(tabs ? [tabs] : []), bar, caption, frame);
  el.tabIndex = 0;
  el.onkeydown = (event) => {
    if (event.target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = { ArrowRight: () => go(step + 1), ArrowLeft: () => go(step - 1), Home: () => go(0),
      End: () => go(Infinity) }[event.key];
    const space = event.key === " " && event.target === el ? () => play.click() : null;
    if (!key && !space) return;
    event.preventDefault();
    (key ?? space)();
  };

  function choose(index) {
    variant = index;
    const { svg, steps } = data.variants[variant];
    shown = picture(frame, svg);
    for (const [i, node] of shown.nodes) node.g.addEventListener("click", () => jump(i));
    badges = data.variants[variant].consumers ? [...shown.nodes].map(([i, node]) => [i, badge(node.g)]) : [];
    slider.max = steps.length - 1;
    tabs?.select(variant);
    go(step);
  }
  function go(to) {
    const { steps } = data.variants[variant];
    step = Math.max(0, Math.min(steps.length - 1, to));
    const now = steps[step];
    shown.show(frameAt(data.variants[variant], step));
    const waits = badges.length ? waitsAt(data.variants[variant], step) : {};
    for (const [i, badge] of badges) badge.textContent = waits[i] ?? "";
    shown.reveal(now.node);
    slider.value = step;
    count.textContent = `step ${step} of ${steps.length - 1}`;
    el.dataset.step = step;
    phase.textContent = now.phase;
    phase.className = `ag-phase ag-${now.phase}`;
    words.textContent = now.words;
    equation.replaceChildren(...equationOf(now));
    if (step === steps.length - 1 && timer) pause();
    changed({ variant, step });
  }
  // A click on a node goes to where it gets its value, or, on the way back, to where it pushes.
  function jump(i) {
    const { steps } = data.variants[variant], back = steps[step].phase === "backward";
    const acts = (s) => (back ? s.phase === "backward" && (s.node === i || s.target === i)
      : s.phase === "forward" && s.node === i);
    const own = steps.findIndex((s) => acts(s) && s.node === i);
    const found = own >= 0 ? own : steps.findIndex(acts);
    if (found >= 0) go(found);
  }
  function start() {
    if (step === data.variants[variant].steps.length - 1) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => go(step + 1), +speed.value);
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  function restart() {
    if (timer) { pause(); start(); }
  }
  choose(variant);
  return {
    set(next) {
      if (next.variant !== variant) { step = next.step; choose(next.variant); }
      else if (next.step !== step) go(next.step);
    },
    stop: pause,
  };
}

// What the picture shows after the steps up to this one.
function frameAt({ steps, start }, step) {
  const values = { ...start.values }, grads = {}, nodeMarks = {}, edgeMarks = {};
  for (let k = 0; k <= step; k++) {
    const { kind, node, target } = steps[k];
    if (kind === "value") values[node] = steps[k].value;
    if (kind === "seed") {
      for (const i of start.nodes) grads[i] = "0.0";
      grads[node] = steps[k].value;
    }
    if (kind === "push") grads[target] = steps[k].after;
  }
  const now = steps[step];
  if (now.kind === "value") {
    nodeMarks[now.node] = "ag-computed";
    for (const key of now.edges) edgeMarks[key] = "ag-carries-data";
  } else if (now.kind === "seed") nodeMarks[now.node] = "ag-receives";
  else if (now.kind === "push") {
    nodeMarks[now.node] = "ag-pushes";
    nodeMarks[now.target] = now.overwrote ? "ag-receives ag-loses" : "ag-receives";
    edgeMarks[now.edge] = "ag-carries-gradient";
    edgeMarks[`stem ${now.node}`] = edgeMarks[`op ${now.node}`] = "ag-carries-gradient";
  }
  return { values, grads, nodeMarks, edgeMarks };
}

const KEYS = "Keys: ← → one step, Home and End to the ends, space plays. A click on a node goes to its step.";

// On the way back: for how many consumers each node still waits, and whether it pushed too early. A
// consumer is done with a node after its last push to it.
function waitsAt({ steps, start, consumers }, step) {
  if (steps[step].phase !== "backward") return {};
  const early = new Set(), later = steps.slice(step + 1);
  const open = (i, coming) => consumers[i].filter((j) =>
    coming.some((s) => s.kind === "push" && s.node === j && s.target === i));
  steps.slice(0, step + 1).forEach(({ kind, node }, k) => {
    if (kind === "push" && open(node, steps.slice(k + 1)).length) early.add(node);
  });
  const says = (i) => (early.has(i) ? "✗ too early" : open(i, later).length ?
    `waits for ${open(i, later).length}` : "✓ complete");
  return Object.fromEntries(start.nodes.map((i) => [i, says(i)]));
}

function equationOf(now) {
  if (now.kind === "value") {
    const steps = [now.expression, now.numbers].filter(Boolean);
    return [math(word(now.name), ...steps.flatMap((text) => [sign("="), word(text)]), sign("="),
      word(now.value, "data"))];
  }
  if (now.kind === "seed")
    return [math(partial(now.root, now.root), sign("="), word(now.value, "gradient"))];
  if (now.kind === "start") return [make("div", { className: "ag-keys" }, KEYS)];
  if (now.kind !== "push") return [];
  const { root, source, parent } = now;
  const numbers = now.local === null ? [] : [asFactor(now.upstream, "gradient"), sign("×"),
    asFactor(now.local), sign("=")];
  const lines = [math(partial(root, parent), sign(now.overwrote ? "=" : "+="),
    partial(root, source, "gradient"), sign("·"), partial(source, parent), sign("="),
    ...numbers, word(now.amount, "gradient"))];
  if (now.overwrote)
    lines.push(math(word("old → new:\u00a0"), word(now.before, "wrong"), sign("→"), word(now.after, "gradient")));
  else if (now.adds)
    lines.push(math(word("old + new:\u00a0"), word(now.before, "gradient"), sign("+"),
      asFactor(now.amount, "gradient"), sign("="), word(now.after, "gradient")));
  return lines;
}
