// A linear layer as blocks: an entry of a result lights up the row and the column that meet in it, an
// entry of a factor the places where it is used. `state` is {view, block, i, j}; block is L (left
// factor), R (right factor), B (bias) or P (result).

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-shapes");
  keepKeys(el);
  let { view, block, i, j } = state;
  const tabs = data.views.length > 1
    ? tabRow(data.views.map((v) => v.formula), (k) => choose(k, "P", 0, 0)) : null;
  const control = (label, title, by) =>
    make("button", { type: "button", title, onclick: () => step(by) }, label);
  const count = make("span", { className: "ag-count" });
  const bar = make("div", { className: "ag-bar-row" }, ...(tabs ? [tabs] : []),
    control("Back", "The entry before (left arrow)", -1),
    control("Next", "The next entry (right arrow)", 1), count);
  const words = make("div", { className: "ag-words" });
  const equation = make("div", { className: "ag-equation" });
  const frame = make("div", { className: "ag-frame" });
  el.replaceChildren(bar, make("div", { className: "ag-caption", ariaLive: "polite" }, words, equation), frame);
  el.tabIndex = 0;
  el.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target.matches(".ag-block");
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move || (!inside && !move[1])) return;
    event.preventDefault();
    if (inside) within(move); else step(move[1]);
  };

  // The next entry of the result; after the last one, the first of the next product.
  function step(by) {
    const { values } = data.views[view].result, columns = values[0].length;
    const place = block === "P" ? i * columns + j + by : 0;
    if (place < 0 && view > 0) {
      const last = data.views[view - 1].result.values;
      return choose(view - 1, "P", last.length - 1, last[0].length - 1);
    }
    if (place >= values.length * columns && view + 1 < data.views.length) return choose(view + 1, "P", 0, 0);
    const kept = Math.max(0, Math.min(values.length * columns - 1, place));
    choose(view, "P", Math.floor(kept / columns), kept % columns);
  }
  function within([down, right]) {
    const values = valuesOf(data.views[view], block);
    const clamp = (k, n) => Math.max(0, Math.min(n - 1, k));
    choose(view, block, clamp(i + down, values.length), clamp(j + right, values[0].length));
  }
  function choose(...to) {
    const other = to[0] !== view;
    [view, block, i, j] = to;
    if (other) draw();
    paint(block, i, j);
    changed({ view, block, i, j });
  }
  function draw() {
    frame.innerHTML = data.views[view].svg;
    tabs?.select(view);
    for (const group of frame.querySelectorAll(".ag-block")) {
      const key = group.dataset.block;
      keepKeys(group);
      group.onfocus = () => { if (block !== key) choose(view, key, 0, 0); };
      for (const cell of group.querySelectorAll(".ag-cell")) {
        const place = [key, +cell.dataset.i, +cell.dataset.j];
        cell.onclick = () => choose(view, ...place);
        cell.onpointerenter = (event) => event.pointerType === "mouse" && paint(...place);
        cell.onpointerleave = () => paint(block, i, j);
      }
    }
  }
  // Lights up what belongs to a cell, and says it.
  function paint(key, r, c) {
    const now = data.views[view], entry = key === "P";
    const lit = {
      P: () => ({ L: (a) => a === r, R: (_, b) => b === c, B: (_, b) => b === c, P: () => false }),
      L: () => ({ L: () => false, R: (a) => a === c, B: () => false, P: (a) => a === r }),
      R: () => ({ L: (_, b) => b === r, R: () => false, B: () => false, P: (_, b) => b === c }),
      B: () => ({ L: () => false, R: () => false, B: () => false, P: (_, b) => b === c }),
    }[key]();
    for (const cell of frame.querySelectorAll(".ag-cell")) {
      const own = cell.parentNode.dataset.block, a = +cell.dataset.i, b = +cell.dataset.j;
      cell.classList.toggle("ag-chosen", own === key && a === r && b === c);
      cell.classList.toggle("ag-lit", lit[own](a, b));
    }
    for (const [name, k] of [["row", r], ["column", c]])
      for (const band of frame.querySelectorAll(`.ag-${name}-band`))
        band.classList.toggle("ag-lit", entry && +band.dataset.k === k);
    const size = now.result.values.length * now.result.values[0].length;
    count.textContent = entry ? `entry ${r * now.result.values[0].length + c + 1} of ${size}` : "";
    Object.assign(el.dataset, { view: now.key, cell: `${key} ${r} ${c}` });
    words.textContent = entry ? meets(now, r, c) : used(now, key, r, c);
    equation.replaceChildren(...(entry ? sumOf(now, r, c) : slopeOf(data.views, now, key, r, c)));
  }
  draw();
  paint(block, i, j);
  return {
    set(next) {
      if (["view", "block", "i", "j"].some((k) => next[k] !== { view, block, i, j }[k]))
        choose(next.view, next.block, next.i, next.j);
    },
  };
}

function valuesOf(view, block) {
  return { L: view.left.values, R: view.right.values, P: view.result.values, B: [view.bias] }[block];
}

function short(x) {
  return number(x).replace(/\.0$/, "");
}

// "X[n, 1]" for an entry of X or of its transpose
function entryOf({ name, of }, row, column) {
  return of ? `${of}[${column}, ${row}]` : `${name}[${row}, ${column}]`;
}

function resultOf(view, r, c) {
  return view.key === "db" ? `db[${c}]` : `${view.key}[${r}, ${c}]`;
}

function meets(view, r, c) {
  const { left, right, summed, what } = view, size = right.values.length;
  const line = ({ name, of }, kind, other, k) => `${kind} ${k} of ${name}${of ? ` (${other} ${k} of ${of})` : ""}`;
  const sum = `the sum runs over ${summed} = ${size} ${what[summed]}`;
  if (view.key === "db") return `Column ${c} of G, with a factor of 1 for every sample: ${sum}.`;
  const rest = view.bias ? `, and b[${c}] is added` : "";
  const first = line(left, "row", "column", r), second = line(right, "column", "row", c);
  return `${first[0].toUpperCase()}${first.slice(1)} meets ${second}: ${sum}${rest}.`;
}

// Where an entry of a factor is used: its name, and how many times, in which entries, times what.
function used(view, block, r, c) {
  const { left, right, rows, columns, result, what } = view, height = result.values.length;
  const say = (name, axis, where, factors) => {
    const each = !axis || factors.length === 1 ? "" : `, once for each of the ${factors.length} ${what[axis]}`;
    const times = factors.length === 1 ? "once" : `${factors.length} times`;
    return `${name} is used ${times}${each}: ${where}, with the factors ${factors.map(short).join(", ")}.`
      .replace(/factors ([^,]+)\.$/, "factor $1.");
  };
  const down = `down column ${c} of ${view.key}`;
  if (block === "B") return say(`b[${c}]`, rows, down, Array(height).fill(1));
  if (block === "R") return say(entryOf(right, r, c), rows, down, left.values.map((row) => row[r]));
  const name = left.name === "ones" ? "This 1" : entryOf(left, r, c);
  return say(name, columns, `across row ${r} of ${view.key}`, right.values[c]);
}

// In the forward pass: how Y answers to this entry, and the sum that this makes of its gradient.
function slopeOf(views, view, block, r, c) {
  if (view.key !== "Y") return [];
  const slopes = {
    L: [`Y[${r}, h]`, `X[${r}, ${c}]`, `W[${c}, h]`],
    R: [`Y[n, ${c}]`, `W[${r}, ${c}]`, `X[n, ${r}]`],
    B: [`Y[n, ${c}]`, `b[${c}]`, "1"],
  };
  const [top, bottom, slope] = slopes[block], key = { L: "dX", R: "dW", B: "db" }[block];
  const back = views.find((other) => other.key === key);
  return [math(partial(top, bottom), sign("="), word(slope, "data")), ...(back ? sumOf(back, r, c) : [])];
}

// dW[1, 0] = Σₙ X[n, 1]·G[n, 0], and below it the same with its numbers
function sumOf(view, r, c) {
  const { left, right, result, summed, bias } = view, letter = summed.toLowerCase(), ones = view.key === "db";
  const name = resultOf(view, r, c), total = word(short(result.values[r][c]), result.ink);
  const factors = [...(ones ? [] : [word(entryOf(left, r, letter), left.ink), sign("·")]),
    word(entryOf(right, letter, c), right.ink)];
  const rest = bias ? [sign("+"), word(`b[${c}]`, "data")] : [];
  const numbers = left.values[r].flatMap((a, k) => [...(k ? [sign("+")] : []),
    ...(ones ? [] : [operand(a, left.ink), sign("·")]), operand(right.values[k][c], right.ink)]);
  if (bias) numbers.push(sign("+"), operand(bias[c], "data"));
  const sigma = mathNode("msub", sign("∑"), mathNode("mi", letter));
  return [math(word(name, result.ink), sign("="), sigma, ...factors, ...rest, sign("="), ...numbers,
    sign("="), total)];
}

const operand = (x, ink) => word(x < 0 ? `(${short(x)})` : short(x), ink);
