// Chooses a training run and an epoch of it; all curves come along in `data`. `state` is
// {way, rate, epoch}, where epochs count from 1.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-training-explorer");
  const go = (change) => { state = { ...state, ...change }; show(); changed(state); };
  const range = (label, min, max, act) => {
    const slider = make("input", { type: "range", min, max, step: 1, ariaLabel: label });
    slider.oninput = () => act(+slider.value);
    return slider;
  };
  const tabs = tabRow(data.ways, (way) => go({ way }));
  const rate = range("Learning rate", 0, data.rates[0].length - 1, (i) => go({ rate: i }));
  const epoch = range("Epoch", 1, data.epochs, (k) => go({ epoch: k }));
  const rateText = make("span", { className: "ag-count" }), epochText = make("span", { className: "ag-count" });
  const words = make("div", { className: "ag-words", ariaLive: "polite" });
  const frame = make("div", { className: "ag-frame" });
  frame.innerHTML = data.svg;
  const knob = (...inside) => make("label", { className: "ag-knob" }, ...inside);
  el.replaceChildren(tabs, make("div", { className: "ag-bar-row" },
    knob("learning rate", rate, rateText), knob("epoch", epoch, epochText)), words, frame);

  // Nothing is drawn from a point off the scale to the next one: it would lie on the frame.
  const path = (points) => points.map(([x, y, beyond], k) =>
    `${k && !(beyond && points[k - 1][2]) ? "L" : "M"}${x} ${y}`).join("");
  function show() {
    const runs = data.runs[state.way], run = runs[state.rate], k = state.epoch - 1;
    tabs.select(state.way);
    rate.value = state.rate;
    epoch.value = state.epoch;
    rateText.textContent = el.dataset.rate = data.rates[state.way][state.rate];
    rate.setAttribute("aria-valuetext", rateText.textContent);
    epochText.textContent = `${state.epoch} of ${data.epochs}`;
    words.textContent = `After epoch ${state.epoch}: loss ${run.losses[k]}, test accuracy ${run.shares[k]}. ${run.words}`;
    for (const kind of ["loss", "accuracy"]) {
      frame.querySelectorAll(`.ag-${kind}-other`).forEach((line, i) => line.setAttribute("d", path(runs[i][kind])));
      frame.querySelector(`.ag-run.ag-${kind}`).setAttribute("d", path(run[kind]));
      const here = frame.querySelector(`.ag-${kind}-here`), [x, y, beyond] = run[kind][k];
      here.setAttribute("cx", x);
      here.setAttribute("cy", y);
      frame.querySelector(`.ag-${kind}-beyond`).textContent = beyond ? data.beyond[kind] : "";
    }
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}
