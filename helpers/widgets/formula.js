// Formulas for the page, as MathML: browsers typeset it without a library and without network.

const MATHML = "http://www.w3.org/1998/Math/MathML";

function math(...parts) {
  const formula = mathNode("math", ...parts);
  formula.setAttribute("displaystyle", "true");
  return make("div", { className: "ag-line" }, formula);
}

function mathNode(tag, ...children) {
  const el = document.createElementNS(MATHML, tag);
  el.append(...children);
  return el;
}

const word = (text, kind) => styled(mathNode("mtext", text), kind);
const sign = (text) => mathNode("mo", text);

// ∂f/∂x as a fraction
function partial(top, bottom, kind) {
  const name = (text) => mathNode("mrow", mathNode("mo", "∂"), mathNode("mtext", text));
  return styled(mathNode("mfrac", name(top), name(bottom)), kind);
}

// A number as a factor: negative ones in parentheses
const asFactor = (text, kind) => styled(mathNode("mtext", factor(text)), kind);

function styled(el, kind) {
  if (kind) el.setAttribute("class", `ag-${kind}-ink`);
  return el;
}
