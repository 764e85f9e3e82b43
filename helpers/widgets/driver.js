// Drive mode: the learner is the engine and decides which node pushes next. A node that pushes before
// its consumers have finished passes on too little; the damage stays visible until it is undone.

function driver(el, data, state, changed) {
  const { nodes, names, values, consumers, right, root, leaves } = data.drive;
  const [{ svg }] = data.variants;
  let pushed = [...state.pushed], doubt = null, help = false; // without help the rule is to be found
  const button = (label, action) => make("button", { type: "button", onclick: action }, label);
  const undo = button("Undo", () => turn(pushed.slice(0, -1)));
  const again = button("Start again", () => turn([]));
  const who = button("Show who waits", () => { help = !help; paint(); });
  const count = make("span", { className: "ag-count" });
  const words = make("div", { className: "ag-words", ariaLive: "polite" });
  const equation = make("div", { className: "ag-equation" });
  const frame = make("div", { className: "ag-frame" });
  el.replaceChildren(make("div", { className: "ag-bar-row" }, undo, again, who, count),
    make("div", { className: "ag-caption" }, words, equation), frame);
  const shown = picture(frame, svg);
  const badges = new Map();
  for (const [i, node] of shown.nodes) {
    badges.set(i, badge(node.g));
    if (!nodes[i].parents.length) continue;
    keepKeys(node.g);
    Object.entries({ tabindex: 0, role: "button" }).forEach((pair) => node.g.setAttribute(...pair));
    node.g.addEventListener("click", () => choose(i));
    node.g.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(i);
    });
  }

  function choose(i) {
    if (pushed.includes(i)) return tell(`${names[i]} has pushed already; a second push would count twice.`);
    const missing = waitsFor(i);
    if (!missing.length) return turn([...pushed, i]);
    doubt = i;
    const some = missing.length === 1 ? "has" : "have";
    const list = missing.map((j) => names[j]).join(", ");
    tell(`${list} ${some} not pushed to ${names[i]} yet, so ∂${names[root]}/∂${names[i]} = ` +
      `${number(run().grads[i])} is not complete. `);
    const answer = (order) => { turn(order); shown.nodes.get(i).g.focus(); };
    words.append(button("Push anyway", () => answer([...pushed, i])), " ",
      button("Wait", () => answer(pushed)));
    paint();
  }
  const waitsFor = (i) => [...new Set(consumers[i])].filter((j) => !pushed.includes(j));

  // The gradients after the pushes so far, and what came too late to be passed on.
  function run() {
    const grads = nodes.map(() => 0), lost = nodes.map(() => 0), done = new Set();
    grads[root] = 1;
    let last = [];
    for (const i of pushed) {
      done.add(i);
      last = nodes[i].parents.map((p, slot) => {
        const amount = grads[i] * nodes[i].locals[slot], before = grads[p];
        grads[p] += amount;
        if (done.has(p)) lost[p] += amount;
        return { i, p, slot, amount, before, after: grads[p] };
      });
    }
    return { grads, lost, last };
  }
  function turn(order) {
    pushed = order;
    doubt = null;
    paint();
    changed({ pushed });
  }
  function paint() {
    const { grads, lost, last } = run();
    const nodeMarks = {}, edgeMarks = {}, inner = nodes.filter((n) => n.parents.length).length;
    for (const [i] of shown.nodes) {
      const waits = waitsFor(i).length, isDone = pushed.includes(i);
      const marks = isDone ? ["ag-done"] : help && nodes[i].parents.length && !waits ? ["ag-ready"] : [];
      if (lost[i]) marks.push("ag-loses");
      nodeMarks[i] = marks.join(" ");
      badges.get(i).textContent = lost[i] ? "✗ too late" : isDone ? "✓" :
        help && waits && nodes[i].parents.length ? `waits for ${waits}` : "";
    }
    for (const { i, p, slot } of last) {
      edgeMarks[edgeKey(p, i, slot)] = edgeMarks[`stem ${i}`] = edgeMarks[`op ${i}`] = "ag-carries-gradient";
      nodeMarks[p] += " ag-receives";
    }
    if (doubt !== null) nodeMarks[doubt] += " ag-doubted";
    shown.show({ values, grads: grads.map(number), nodeMarks, edgeMarks });
    count.textContent = `${pushed.length} of ${inner} pushed`;
    undo.disabled = again.disabled = !pushed.length;
    who.ariaPressed = String(help);
    el.dataset.pushed = pushed.join(" ");
    delete el.dataset.verdict;
    if (doubt !== null) return;
    equation.replaceChildren(...last.map(pushLine));
    tell(pushed.length === inner ? verdict(grads) : hint(lost));
  }
  function pushLine({ i, p, slot, amount, before, after }) {
    const numbers = [asFactor(number(run().grads[i]), "gradient"), sign("×"),
      asFactor(number(nodes[i].locals[slot])), sign("="), word(number(amount), "gradient")];
    const sum = before ? [word(";\u00a0 old + new:\u00a0"), word(number(before)), sign("+"),
      asFactor(number(amount)), sign("="), word(number(after), "gradient")] : [];
    return math(partial(names[root], names[p]), sign("+="), partial(names[root], names[i], "gradient"),
      sign("·"), partial(names[i], names[p]), sign("="), ...numbers, ...sum);
  }
  function hint(lost) {
    const late = lost.findIndex((x) => x);
    if (late >= 0)
      return `${number(lost[late])} reached ${names[late]} after it had pushed, and will never be passed on. Undo, or go on and see.`;
    return pushed.length ? "Which node pushes next? Click it." :
      `You are the engine. ∂${names[root]}/∂${names[root]} = 1.0 is set. Click the node that pushes first.`;
  }
  function verdict(grads) {
    const off = leaves.filter((i) => Math.abs(grads[i] - right[i]) > 1e-9 * Math.max(1, Math.abs(right[i])));
    el.dataset.verdict = off.length ? "wrong" : "right";
    if (!off.length) return "✓ Every node pushed after all its consumers: every gradient is right.";
    const list = off.map((i) => `∂${names[root]}/∂${names[i]} is ${number(grads[i])}, right is ${number(right[i])}`);
    return `✗ ${list.join("; ")}. What came too late was lost. Undo and try another order.`;
  }
  function tell(text) {
    words.textContent = text;
  }
  paint();
  return {
    set(next) {
      if (next.pushed.join() !== pushed.join()) { pushed = [...next.pushed]; doubt = null; paint(); }
    },
  };
}

function badge(g) {
  const box = g.querySelector(".ag-box"), text = document.createElementNS(g.namespaceURI, "text");
  text.setAttribute("class", "ag-badge");
  text.setAttribute("x", +box.getAttribute("x") + box.getAttribute("width") / 2);
  text.setAttribute("y", +box.getAttribute("y") - 3);
  g.append(text);
  return text;
}
