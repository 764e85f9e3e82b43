// The error of every gradient as a bar, along the backward pass. `state` is {i, power}: which
// backward pass, and the tolerance as a power of ten.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-layer-errors");
  const [lowest, highest] = data.scale, [tightest, loosest] = data.tolerances;
  const go = (change) => { state = { ...state, ...change }; show(); changed(state); };
  const cell = (name, ...inside) => make("div", { className: `ag-${name}` }, ...inside);
  const share = (power) => Math.min(1, Math.max(0, (power - lowest) / (highest - lowest)));

  const scale = [...Array(highest - lowest)].map((_, k) => lowest + 1 + k).filter((p) => p % 4 === 0)
    .map((p) => {
      const tick = make("span", {}, p ? `1e${p}`.replace("-", "−") : "1");
      tick.style.left = `${100 * share(p)}%`;
      return tick;
    });
  const tabs = tabRow(data.programs, (i) => go({ i }));
  const table = cell("rows");
  const slider = make("input", { type: "range", min: tightest, max: loosest, step: 1, ariaLabel: "Tolerance" });
  slider.oninput = () => go({ power: +slider.value });
  const limit = make("span", { className: "ag-count" });
  const words = make("div", { className: "ag-words", ariaLive: "polite" });
  el.replaceChildren(tabs, cell("frame", table),
    make("div", { className: "ag-bar-row" }, "tolerance", slider, limit), words);

  function row({ name, text, power }, before) {
    const fine = power < state.power;
    const bar = cell(`bar ${fine ? "ag-fine" : "ag-off"}`), line = cell("limit");
    bar.style.width = `max(3px, ${100 * share(power)}%)`;
    line.style.left = `${100 * share(state.power)}%`;
    const layer = name.at(-1) === before?.name.at(-1) ? "" : `layer ${name.at(-1)}`;
    return [cell("layer", layer), cell("name", name), cell("track", bar, line),
      cell(`number ag-${fine ? "correct" : "wrong"}-ink`, `${fine ? "✓" : "✗"} ${text}`)];
  }
  function show() {
    const rows = data.rows[state.i], wrong = rows.filter(({ power }) => !(power < state.power));
    tabs.select(state.i);
    table.replaceChildren(...rows.flatMap((one, k) => row(one, rows[k - 1])),
      cell("layer"), cell("layer", "error"), cell("scale", ...scale), cell("layer"));
    slider.value = state.power;
    slider.setAttribute("aria-valuetext", `1e${state.power}`);
    limit.textContent = `1e${state.power}`.replace("-", "−");
    words.textContent = wrong.length
      ? `${wrong.length} of ${rows.length} are off. Going backward, it starts at ${wrong[0].name}: `
        + "look at the line that makes it."
      : `All ${rows.length} agree with autograd, at this tolerance.`;
    el.dataset.wrong = wrong.map(({ name }) => name).join(" ");
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
  };
}
