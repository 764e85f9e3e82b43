// The drawn graph inside a widget: what its boxes say and how its parts look.
//
// The SVG comes from helpers/svg.py, which gives every part the index of its node. `show(frame)`
// changes only what differs from the last frame, so a step costs the same in a large graph.

function picture(el, svg) {
  el.innerHTML = svg;
  const drawing = el.firstElementChild;
  for (const tip of drawing.querySelectorAll("g > title")) tip.remove(); // they tell the answers
  const nodes = new Map(), edges = new Map();
  const part = (g) => ({ g, base: g.getAttribute("class"), marks: "" });
  for (const g of drawing.querySelectorAll(".ag-node")) {
    const [value, grad] = [".ag-value", ".ag-grad"].map((name) => filled(g.querySelector(name)));
    nodes.set(+g.dataset.node, { ...part(g), value, grad, said: {} });
  }
  for (const g of drawing.querySelectorAll(".ag-edge[data-slot]"))
    edges.set(edgeKey(+g.dataset.from, +g.dataset.to, +g.dataset.slot), part(g));
  for (const g of drawing.querySelectorAll(".ag-stem")) edges.set(`stem ${g.dataset.to}`, part(g));
  for (const g of drawing.querySelectorAll(".ag-op")) edges.set(`op ${g.dataset.op}`, part(g));

  function say(node, kind, text) {
    if (!node[kind] || node.said[kind] === text) return;
    node.said[kind] = node[kind].textContent = text;
  }
  function mark(item, marks) {
    if (item.marks === marks) return;
    item.marks = marks;
    item.g.setAttribute("class", marks ? `${item.base} ${marks}` : item.base);
  }
  // frame: values, grads: texts by node index; nodeMarks, edgeMarks: classes by index or key
  function show({ values, grads, nodeMarks = {}, edgeMarks = {} }) {
    for (const [i, node] of nodes) {
      say(node, "value", values[i] ?? "?");
      say(node, "grad", grads[i] === undefined ? "" : `∂ ${besideValue(grads[i], values[i])}`);
      mark(node, nodeMarks[i] ?? "");
    }
    for (const [key, edge] of edges) mark(edge, edgeMarks[key] ?? "");
  }
  // Scrolls sideways, where the drawing is wider than the page, until this node is in sight.
  function reveal(i) {
    const node = nodes.get(i);
    if (!node || el.scrollWidth <= el.clientWidth) return;
    const box = node.g.getBoundingClientRect(), frame = el.getBoundingClientRect();
    if (box.left < frame.left || box.right > frame.right)
      el.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }
  return { drawing, nodes, edges, show, reveal };
}

// A line of a box, if it has one: PyTorch does not keep every value.
function filled(text) {
  return text?.textContent ? text : null;
}

// An array's gradient without its shape, where that is its value's: a box has no room for it.
function besideValue(grad, value) {
  const shape = (text) => text?.match(/^\(.*?\)/)?.[0] ?? "";
  return shape(grad) === shape(value) ? grad.slice(shape(grad).length).trim() : grad;
}

function edgeKey(from, to, slot) {
  return `${from} ${to} ${slot}`;
}
