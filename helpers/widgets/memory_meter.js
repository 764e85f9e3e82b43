// Steps through a measured run: what the graph holds in memory after each operation, forward and
// backward. All steps come along in `data`. `state` is {variant, step}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-memory");
  keepKeys(el);
  el.tabIndex = 0;
  let { variant, step } = state, timer = null, blocks = [], line;
  const last = () => data.variants[variant].steps.length - 1;
  const control = (label, title, action) =>
    make("button", { type: "button", title, ariaLabel: title, onclick: action }, label);
  const tabs = tabRow(data.variants.map((v) => v.label),
    (i) => choose(i, Math.min(step, data.variants[i].steps.length - 1)));
  const play = control("Play", "Play or pause (space)", () => (timer ? stop() : start()));
  play.className = "ag-play";
  const slider = make("input", { type: "range", min: 0, ariaLabel: "Step" });
  slider.oninput = () => { stop(); go(+slider.value); };
  const count = make("span", { className: "ag-count" });
  const phase = make("span", { className: "ag-phase" }), words = make("span", { className: "ag-words" });
  const yours = make("div", { className: "ag-fill ag-fill-yours" }), graphs = make("div", { className: "ag-fill ag-fill-graph" });
  const amount = make("span", { className: "ag-amount" });
  const frame = make("div", { className: "ag-frame" });
  el.replaceChildren(
    tabs,
    make("div", { className: "ag-bar-row" }, control(icon("M10 2v10L3 7z"), "One step back (left arrow)", () => { stop(); go(step - 1); }),
      control(icon("M4 2v10l7-5z"), "One step forward (right arrow)", () => { stop(); go(step + 1); }), play, slider, count),
    make("div", { className: "ag-caption", ariaLive: "polite" }, phase, words),
    make("div", { className: "ag-gauge-row" }, make("div", { className: "ag-gauge" }, graphs, yours), amount),
    frame);

  el.onkeydown = (event) => {
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: last() }[event.key];
    const space = event.key === " " && event.target === el;
    if (to === undefined && !space) return;
    event.preventDefault();
    if (space) play.click();
    else { stop(); go(to); }
  };
  function choose(index, at) {
    variant = index;
    frame.innerHTML = data.variants[variant].svg;
    blocks = [...frame.querySelectorAll(".ag-block")];
    const { height } = frame.firstElementChild.viewBox.baseVal;
    line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("class", "ag-now-line");
    frame.firstElementChild.append(line);
    line.dataset.end = height - 84;
    tabs.select(variant);
    slider.max = last();
    go(at);
  }
  function go(to) {
    step = Math.max(0, Math.min(last(), to));
    show();
    changed({ variant, step });
  }
  function show() {
    const { steps, total } = data.variants[variant], now = steps[step], held = new Set(now.blocks);
    blocks.forEach((block, i) => block.classList.toggle("ag-now", held.has(i)));
    line.setAttribute("d", `M${now.x} 26V${line.dataset.end}`);
    slider.value = step;
    count.textContent = `step ${step} of ${last()}`;
    phase.textContent = now.phase;
    phase.className = `ag-phase ag-${now.phase.split(" ").pop()}`;
    words.textContent = now.words;
    graphs.style.width = `${(100 * (now.held - now.yours)) / (total || 1)}%`;
    yours.style.width = `${(100 * now.yours) / (total || 1)}%`;
    amount.textContent = `${now.size} held`;
    el.dataset.step = step;
    el.dataset.variant = variant;
    if (step === last() && timer) stop();
  }
  function start() {
    if (step === last()) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => go(step + 1), 900);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  choose(variant, step);
  return {
    set(next) {
      if (next.variant !== variant) choose(next.variant, next.step);
      else if (next.step !== step) { step = next.step; show(); }
    },
    stop,
  };
}
