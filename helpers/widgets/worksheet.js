// A worksheet: boxes to fill in under the picture, in backward order. Python sent the right interval and
// the known slips of every box; here an answer is looked up in them. `state` is {entries, tries, shown}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-worksheet");
  keepKeys(el);
  let { entries, tries, shown } = state, active = null;
  const frame = make("div", { className: "ag-frame" });
  const score = make("div", { className: "ag-score", role: "status" });
  const closing = make("div", { className: "ag-closing", role: "status" });
  const boxes = data.groups.flatMap((group) => group.boxes.map((box) => asInput(box, group)));
  const groups = data.groups.map((group) => {
    const title = make("div", { className: "ag-made" });
    const own = boxes.filter((box) => box.group === group);
    const messages = make("div", { className: "ag-messages", ariaLive: "polite" },
      ...own.map((box) => box.message));
    const row = make("section", { className: "ag-group" }, title,
      make("div", { className: "ag-boxes" }, ...own.map((box) => box.field)), messages);
    return { ...group, row, title, own };
  });
  el.replaceChildren(make("div", { className: "ag-words" }, data.intro), frame,
    make("div", { className: "ag-groups" }, ...groups.map((group) => group.row)), score, closing);
  const drawing = picture(frame, data.svg);
  for (const [i, node] of drawing.nodes)
    node.g.addEventListener("click", () => openBoxes().find((box) => box.group.node === i)?.input.focus());

  function asInput(box, group) {
    const input = make("input", { type: "text", size: 9, autocomplete: "off", spellcheck: false,
      ariaLabel: box.label });
    const sign = make("span", { className: "ag-mark" });
    const label = box.kind === "value" ? math(word(data.names[group.node], "data"))
      : math(partial(box.top, box.bottom, box.kind === "gradient" ? "gradient" : ""));
    const kind = box.label.match(/\(([^()]*)\)$/)?.[1] ?? box.kind;
    const field = make("label", { className: `ag-field ag-${box.kind}` },
      make("span", { className: "ag-kind" }, kind), label, "=", input, sign);
    const said = make("span");
    const help = make("button", { type: "button", onclick: () => show(item) }, "Show me");
    const message = make("div", {}, make("b", {}, `${box.label}: `), said, " ", help);
    const item = { ...box, group, input, field, sign, message, said, help, unread: false };
    input.addEventListener("focus", () => { active = item; light(); });
    input.addEventListener("blur", () => { check(item); active = null; light(); });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      check(item);
      if (isDone(item)) following(item)?.input.focus();
    });
    return item;
  }

  // ------------------------------------------------------------------ answers
  function verdict(box) {
    const x = calculate(entries[box.key], data.known);
    const found = box.rows.findIndex(([low, high]) => low <= x && x <= high);
    return { right: found === 0, sentence: found < 0 ? box.nudge : box.rows[found][2] };
  }
  const isShown = (box) => shown.includes(box.key);
  const isRight = (box) => box.key in entries && !isShown(box) && verdict(box).right;
  const isDone = (box) => isShown(box) || isRight(box);
  const openBoxes = () => boxes.filter((box) => !isDone(box));
  function following(box) {
    const open = openBoxes(), at = boxes.indexOf(box);
    return open.find((other) => boxes.indexOf(other) > at) ?? open[0];
  }
  function check(box) {
    const text = box.input.value.trim();
    if (isDone(box)) return;
    box.unread = text !== "" && !Number.isFinite(calculate(text, data.known));
    if (!text || box.unread || text === entries[box.key]) return paint();
    entries = { ...entries, [box.key]: text };
    tries = { ...tries, [box.key]: (tries[box.key] ?? 0) + 1 };
    save();
  }
  function show(box) {
    shown = [...shown, box.key];
    save();
    following(box)?.input.focus();
  }
  function save() {
    paint();
    changed({ entries, tries, shown });
  }

  // ------------------------------------------------------------------ what is seen
  function paint() {
    for (const box of boxes) {
      const text = isShown(box) ? box.right : entries[box.key] ?? "";
      if (box.painted !== text && !box.unread) box.input.value = box.painted = text;
      const wrong = box.unread || (box.key in entries && !isDone(box));
      box.input.readOnly = isDone(box);
      box.input.ariaInvalid = String(wrong);
      box.field.classList.toggle("ag-wrong", wrong);
      box.field.classList.toggle("ag-right", isRight(box));
      box.sign.replaceChildren(
        ...(isShown(box) ? ["shown"] : wrong || isRight(box) ? [verdictSign(!wrong)] : []));
      box.said.textContent = sentenceFor(box);
      box.message.hidden = !box.said.textContent;
      box.help.hidden = isDone(box) || !(tries[box.key] >= 2);
    }
    for (const group of groups) {
      const value = valueOf(group.node), made = [data.names[group.node], group.made, value].filter(Boolean);
      group.title.replaceChildren(...made.slice(0, -1).flatMap((part) => [part, " = "]),
        make("span", { className: value ? "ag-data-ink" : "" }, made.at(-1)));
    }
    const right = boxes.filter(isRight), first = right.filter((box) => tries[box.key] === 1);
    score.textContent = `${right.length} of ${boxes.length} right, ${first.length} at the first try` +
      (shown.length ? `, ${shown.length} shown` : "");
    closing.textContent = openBoxes().length ? "" : data.closing;
    el.dataset.score = `${right.length} ${first.length} ${boxes.length}`;
    light();
  }
  function sentenceFor(box) {
    if (box.unread) return data.unreadable;
    if (isShown(box) || !(box.key in entries)) return "";
    const { right, sentence } = verdict(box);
    return right && sentence === "Right." ? "" : sentence; // the sign says that already
  }
  function valueOf(i) {
    const box = boxes.find((other) => other.kind === "value" && other.group.node === i);
    return !box || isDone(box) ? data.values[i] ?? box?.right : undefined;
  }
  // The picture: gradients that are right, and the box that is asked for now with its edges
  function light() {
    const now = active ?? openBoxes()[0], values = {}, grads = {}, nodeMarks = {}, edgeMarks = {};
    for (const i of data.asked) grads[i] = "?";
    for (const i of data.names.keys()) values[i] = valueOf(i);
    for (const box of boxes) {
      if (box.kind === "gradient" && isDone(box)) grads[box.group.node] = box.right;
      box.field.classList.toggle("ag-now", box === now);
    }
    if (now) {
      const kind = now.kind === "value" ? "data" : "gradient";
      nodeMarks[now.group.node] = `ag-asks-${now.kind}`;
      for (const key of now.edges) edgeMarks[key] = `ag-carries-${kind}`;
      drawing.reveal(now.group.node);
    }
    drawing.show({ values, grads, nodeMarks, edgeMarks });
  }
  paint();
  return {
    set(next) {
      ({ entries, tries, shown } = next);
      paint();
    },
  };
}
