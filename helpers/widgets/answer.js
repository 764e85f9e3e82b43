// What the widgets that take an answer share: signs for right and wrong, text with code, arithmetic.

// Drawn, not typed: fonts often lack these signs.
function verdictSign(right) {
  const holder = make("span");
  const path = right ? "M2.5 7.5l3.2 3.5L11.5 3" : "M3 3l8 8M11 3l-8 8";
  holder.innerHTML = `<svg class="ag-sign-${right ? "right" : "wrong"}" width="14" height="14" ` +
    `viewBox="0 0 14 14" role="img" aria-label="${right ? "right" : "wrong"}"><path d="${path}"/></svg>`;
  return holder.firstChild;
}

// Text with `code` in back quotes
function prose(text) {
  return text.split(/`([^`\n]+)`/).map((part, i) => (i % 2 ? make("code", {}, part) : part));
}

const FUNCTIONS = {
  exp: Math.exp, log: Math.log, ln: Math.log, tanh: Math.tanh, sqrt: Math.sqrt, max: Math.max, min: Math.min,
  sigmoid: (x) => 0.5 * (1 + Math.tanh(x / 2)), relu: (x) => Math.max(x, 0),
};
const AS_MEANT = { "^": "**", "×": "*", "·": "*", "⋅": "*", "−": "-", "–": "-", "÷": "/", "²": "**2",
  "³": "**3", "σ": "sigmoid" };

// The value of a formula as helpers/formula.py reads it: −1/1.37^2, 2y, 1 - tanh(x)**2. NaN where
// it is none. `known` holds the values of names.
function calculate(text, known) {
  const plain = [...text].map((sign) => AS_MEANT[sign] ?? sign).join("");
  const tokens = plain.match(
    /(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[\p{L}_][\p{L}\p{N}_]*|\*\*|\S/gu) ?? [];
  let at = 0;
  const take = (token) => tokens[at] === token && (at += 1);
  const isNumber = (token) => /^[\d.]+/.test(token);
  const isFactor = () => tokens[at - 1] === ")" ? /^[\p{L}\p{N}_(]/u.test(tokens[at] ?? "")
    : /^[\d.]+$/.test(tokens[at - 1]) && /^[A-Za-z(]/.test(tokens[at] ?? ""); // 2y, (a)(b)

  function sum() {
    let value = product();
    for (;;)
      if (take("+")) value += product();
      else if (take("-")) value -= product();
      else return value;
  }
  function product() {
    let value = signed();
    for (;;)
      if (take("*") || isFactor()) value *= signed();
      else if (take("/")) value /= signed();
      else return value;
  }
  function signed() {
    if (take("-")) return -signed();
    return take("+") ? signed() : power();
  }
  function power() {
    const base = atom();
    return take("**") ? base ** signed() : base;
  }
  function atom() {
    const token = tokens[at++];
    if (token === undefined) return NaN;
    if (token === "(") return closed([sum()]);
    if (isNumber(token)) return Number(token);
    if (tokens[at] === "(" && Object.hasOwn(FUNCTIONS, token)) {
      at += 1;
      const values = [sum()];
      while (take(",")) values.push(sum());
      return (values.length > 1) === /^m/.test(token) ? closed([FUNCTIONS[token](...values)]) : NaN;
    }
    return Object.hasOwn(known, token) ? known[token] : NaN;
  }
  const closed = ([value]) => (take(")") ? value : NaN);
  const value = sum();
  return at === tokens.length ? value : NaN;
}
