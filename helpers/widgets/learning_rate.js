// Chooses a learning rate; every path and every loss comes along in `data`. `state` is {i}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-learning-rate");
  keepKeys(el);
  el.tabIndex = 0;
  const last = data.rates.length - 1;
  const slider = make("input", { type: "range", min: 0, max: last, ariaLabel: "Learning rate" });
  slider.oninput = () => go(+slider.value);
  const rate = make("span", { className: "ag-count" });
  const words = make("div", { className: "ag-words", ariaLive: "polite" });
  const frame = make("div", { className: "ag-frame" });
  frame.innerHTML = data.svg;
  el.replaceChildren(make("div", { className: "ag-bar-row" }, "learning rate", slider, rate), words, frame);
  el.onkeydown = (event) => {
    if (event.target !== el || event.ctrlKey || event.metaKey || event.altKey) return;
    const i = { ArrowLeft: state.i - 1, ArrowRight: state.i + 1, Home: 0, End: last }[event.key];
    if (i === undefined) return;
    event.preventDefault();
    go(i);
  };

  function go(i) {
    state = { i: Math.max(0, Math.min(last, i)) };
    show();
    changed(state);
  }
  function line(name, points) {
    const dots = points.map(([x, y]) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`).join("");
    frame.querySelector(`.${name}`).setAttribute("d", "M" + points.map((p) => p.join(" ")).join("L"));
    frame.querySelector(`.${name}-stops`).setAttribute("d", dots);
  }
  function show() {
    const { i } = state, losses = data.losses[i];
    slider.value = i;
    slider.setAttribute("aria-valuetext", data.rates[i]);
    rate.textContent = el.dataset.rate = data.rates[i];
    words.textContent = `${data.words[i]} Loss ${losses[0]} → ${losses.at(-1)} after ${losses.length - 1} steps.`;
    line("ag-descent", data.paths[i]);
    line("ag-loss", data.curves[i]);
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}
