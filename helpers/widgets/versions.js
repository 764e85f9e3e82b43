// Steps through small programs: the version counter of each tensor beside what the graph has saved.
// All steps come along in `data`. `state` is {variant, step}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-versions");
  keepKeys(el);
  el.tabIndex = 0;
  let { variant, step } = state;
  const run = () => data.variants[variant];
  const last = () => run().steps.length - 1;
  const button = (label, title, action) =>
    make("button", { type: "button", title, ariaLabel: title, onclick: action }, label);
  const tabs = tabRow(data.variants.map((v) => v.label), (i) => { variant = i; go(0); });
  const back = button("Back", "One line back (left arrow)", () => go(step - 1));
  const next = button("Next line", "Run one line (right arrow)", () => go(step + 1));
  const slider = make("input", { type: "range", min: 0, ariaLabel: "Line" });
  slider.oninput = () => go(+slider.value);
  const count = make("span", { className: "ag-count" });
  const code = make("ol", { className: "ag-code" });
  const tensors = make("table"), saved = make("table");
  const caption = make("div", { className: "ag-caption", ariaLive: "polite" });
  const error = make("div", { className: "ag-error ag-wrong-ink" });
  el.replaceChildren(
    tabs,
    make("div", { className: "ag-bar-row" }, back, next, slider, count),
    caption, error,
    make("div", { className: "ag-columns" }, code, make("div", {}, tensors, saved)));

  el.onkeydown = (event) => {
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: last() }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  function go(to) {
    step = Math.max(0, Math.min(last(), to));
    show();
    changed({ variant, step });
  }
  function fill(table, head, rows, empty) {
    const cells = (tag, texts) => texts.map((text) => make(tag, {}, String(text)));
    table.replaceChildren(make("tr", {}, ...cells("th", head)));
    for (const [name, ...texts] of rows)
      table.append(make("tr", { className: name }, ...cells("td", texts)));
    if (!rows.length) table.append(make("tr", {}, make("td", { colSpan: head.length }, empty)));
  }
  function show() {
    const now = run().steps[step], before = run().steps[Math.max(0, step - 1)];
    tabs.select(variant);
    slider.max = last();
    slider.value = step;
    back.disabled = step === 0;
    next.disabled = step === last();
    count.textContent = `line ${step} of ${run().lines.length}`;
    caption.textContent = now.words;
    error.textContent = now.error ? `✗ ${now.error}` : "";
    code.replaceChildren(...run().lines.map((line, i) =>
      make("li", { className: i + 1 === now.line ? "ag-now" : i < now.line ? "ag-done" : "" }, line)));
    const old = new Map(before.tensors.map((t) => [t.name, t.version]));
    fill(tensors, ["tensor", "made by", "version"], now.tensors.map((t) =>
      [old.has(t.name) && old.get(t.name) !== t.version ? "ag-moved" : "", t.name, t.made, t.version]), "none yet");
    const signs = { same: "✓ same", changed: "✗ changed", freed: "○ freed" };
    fill(saved, ["saved by", "tensor", "saved at", "now", ""], now.saved.map((s) =>
      [`ag-${s.state}`, s.holder, s.tensor, s.at, s.now, signs[s.state]]), "nothing with a name");
    el.dataset.step = step;
    el.dataset.variant = variant;
  }
  show();
  return {
    set(to) {
      ({ variant, step } = to);
      show();
    },
  };
}
