// What every widget builds its part of the page with: elements, icons, a row of tabs, numbers.

// A number as helpers.graph.number prints it: four significant digits, a true minus sign.
function number(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (/^-?\d\.\d\d[02468]50*e/.test(x.toExponential(60))) x *= 1 - Number.EPSILON; // ties go to even
  const [, power] = x.toExponential(3).split("e");
  let text;
  if (x !== 0 && (power < -4 || power > 3)) {
    const [mantissa] = x.toExponential(3).split("e");
    text = `${mantissa.replace(/\.?0+$/, "")}e${+power}`;
  } else {
    text = x.toPrecision(4).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    if (!text.includes(".")) text += ".0";
  }
  return text.replaceAll("-", "−");
}

function factor(text) {
  return text.startsWith("−") ? `(${text})` : text;
}

// Keeps JupyterLab's shortcuts ("d d" deletes a cell) away from an element that has the focus.
// JupyterLab looks for the attribute on that very element first, so every focusable one needs it.
function keepKeys(el) {
  el.setAttribute("data-lm-suppress-shortcuts", "true");
}

// One element with properties and children; the widgets build their DOM with nothing else.
function make(tag, properties = {}, ...children) {
  const el = document.createElement(tag);
  if (el.matches("button, select, input")) keepKeys(el);
  for (const [name, value] of Object.entries(properties))
    if (name in el && name !== "list") el[name] = value;
    else el.setAttribute(name, value);
  el.append(...children);
  return el;
}

// Drawn, not typed: fonts often lack these signs.
function icon(path) {
  const holder = make("span");
  holder.innerHTML = `<svg class="ag-icon" width="14" height="14"><path d="${path}"/></svg>`;
  return holder.firstChild;
}

// A row of buttons of which one is pressed; `row.select(i)` presses one without choosing it.
function tabRow(labels, choose) {
  const buttons = labels.map((label, i) =>
    make("button", { type: "button", onclick: () => choose(i) }, label));
  const row = make("div", { className: "ag-tabs", role: "group" }, ...buttons);
  row.select = (chosen) => buttons.forEach((b, i) => (b.ariaPressed = String(i === chosen)));
  return row;
}
