// Plays the frames of a training: paints the regions, marks the points on the wrong side, moves
// along the loss. All frames come along in `data`. `state` is {frame}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-boundary");
  keepKeys(el);
  el.tabIndex = 0;
  const last = data.frames.length - 1;
  let timer = null;
  const canvas = make("canvas", { width: data.field, height: data.field });
  const overlay = make("div");
  overlay.innerHTML = data.svg;
  const [rings, here, dot] = [".ag-ring", ".ag-here", ".ag-dot"].map((name) => overlay.querySelectorAll(name));
  const layers = make("div", { className: "ag-layers" }, canvas, overlay);
  layers.style.maxWidth = `${data.width}px`;
  canvas.style.width = `${(100 * data.field) / data.width}%`; // the picture and its field shrink alike
  const play = make("button", { type: "button", className: "ag-play", onclick: () => (timer ? stop() : start()) }, "Play");
  const slider = make("input", { type: "range", min: 0, max: last, ariaLabel: "Frame" });
  slider.oninput = () => { stop(); go(+slider.value); };
  const words = make("span", { className: "ag-words", ariaLive: "polite" });
  el.replaceChildren(make("div", { className: "ag-bar-row" }, play, slider, words),
    make("div", { className: "ag-frame" }, layers));
  const fields = new Map(); // painted once, then kept

  el.onkeydown = (event) => {
    if (event.target.matches("input, button") || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = state.frame;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined && event.key !== " ") return;
    event.preventDefault();
    if (to === undefined) play.click();
    else { stop(); go(to); }
  };
  function go(to) {
    state = { frame: Math.max(0, Math.min(last, to)) };
    show();
    changed(state);
  }
  function show() {
    const k = state.frame, now = data.frames[k], wrong = new Set(now.wrong);
    if (!fields.has(k)) fields.set(k, field(data, now.scores));
    canvas.getContext("2d").putImageData(fields.get(k), 0, 0);
    rings.forEach((ring, i) => ring.setAttribute("visibility", wrong.has(i) ? "visible" : "hidden"));
    here[0].setAttribute("d", here[0].getAttribute("d").replace(/^M\S+/, `M${now.at[0]}`));
    dot[0].setAttribute("cx", now.at[0]);
    dot[0].setAttribute("cy", now.at[1]);
    slider.value = k;
    el.dataset.frame = k;
    words.textContent = `step ${now.step}, loss ${now.loss}, ${now.right} of ${data.points} on their own side`;
  }
  function start() {
    if (state.frame === last) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => (state.frame < last ? go(state.frame + 1) : stop()), 450);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  show();
  return {
    set(next) {
      state = next;
      show();
    },
    stop,
  };
}

// The regions as pixels: scores are interpolated between the points of the grid, the largest wins,
// and the color is paler where the winner is less sure.
function field({ size, classes, colors, field: side, deepest }, packed) {
  const below = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const score = (row, column, k) => -below[(row * size + column) * classes + k] * (deepest / 255);
  const inks = colors.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const image = new ImageData(side, side), here = new Float64Array(classes);
  for (let y = 0; y < side; y++) {
    const up = ((side - 0.5 - y) / side) * (size - 1), row = Math.min(size - 2, Math.floor(up)), v = up - row;
    for (let x = 0; x < side; x++) {
      const along = ((x + 0.5) / side) * (size - 1), column = Math.min(size - 2, Math.floor(along)), u = along - column;
      let best = 0, sum = 0;
      for (let k = 0; k < classes; k++) {
        const low = score(row, column, k) * (1 - u) + score(row, column + 1, k) * u;
        const high = score(row + 1, column, k) * (1 - u) + score(row + 1, column + 1, k) * u;
        here[k] = low * (1 - v) + high * v;
        if (here[k] > here[best]) best = k;
      }
      for (let k = 0; k < classes; k++) sum += Math.exp(here[k] - here[best]);
      image.data.set([...inks[best], 40 + 110 / sum], 4 * (y * side + x));
    }
  }
  return image;
}
