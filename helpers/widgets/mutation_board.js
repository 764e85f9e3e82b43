// Cards of wrong backward passes, and which test kills which. All verdicts come along in `data`;
// `state` is {test, card}, where test -1 means all of them.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-board");
  keepKeys(el);
  el.tabIndex = 0;
  let { test, card } = state;
  const { tests, cards, right } = data;
  const kills = (said, i) => (i < 0 ? said.some(Boolean) : Boolean(said[i]));
  const tabs = tabRow(["all tests", ...tests], (i) => go(i - 1, card));
  const count = make("div", { className: "ag-caption", ariaLive: "polite" });
  const buttons = cards.map((c, i) => {
    const button = make("button", { type: "button", onclick: () => go(test, i) },
      make("span", { className: "ag-sign" }),
      make("span", {}, c.name, make("span", { className: "ag-marks", ariaHidden: "true" })));
    return button;
  });
  const title = make("div", { className: "ag-caption" });
  const lines = make("table", { className: "ag-lines" });
  const verdicts = make("table", { className: "ag-verdicts" });
  el.replaceChildren(
    tabs, count, make("div", { className: "ag-grid", role: "group" }, ...buttons),
    title, lines, verdicts);

  el.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowRight: [test, card + 1], ArrowLeft: [test, card - 1],
      ArrowDown: [test + 1, card], ArrowUp: [test - 1, card],
      Home: [test, 0], End: [test, cards.length - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    go(...to);
    if (event.target !== el) buttons[card].focus();
  };
  function go(toTest, toCard) {
    test = Math.max(-1, Math.min(tests.length - 1, toTest));
    card = Math.max(0, Math.min(cards.length - 1, toCard));
    show();
    changed({ test, card });
  }
  function row(...cells) {
    return make("tr", {}, ...cells.map(([text, name]) => make("td", { className: name || "" }, text)));
  }
  function show() {
    tabs.select(test + 1);
    const dead = cards.filter((c) => kills(c.said, test)).length;
    const who = test < 0 ? (tests.length > 1 ? "All tests together kill" : "The test kills") : `“${tests[test]}” kills`;
    const also = kills(right, test) ? " It kills the right backward pass, too." : " The right backward pass lives.";
    count.textContent = `${who} ${dead} of ${cards.length}.${also}`;
    cards.forEach((c, i) => {
      const dies = kills(c.said, test), button = buttons[i];
      button.className = dies ? "ag-dies" : "ag-lives";
      button.ariaPressed = String(i === card);
      button.ariaLabel = `${c.name}: ${dies ? "killed" : "alive"}`;
      button.firstChild.textContent = dies ? "✓" : "○";
      button.querySelector(".ag-marks").textContent =
        test < 0 && tests.length > 1 ? c.said.map((words) => (words ? "✓" : "○")).join("") : "";
    });
    const chosen = cards[card];
    title.replaceChildren(make("b", {}, chosen.name), ` · ${chosen.code}`);
    lines.replaceChildren(
      row(["right", "ag-correct-ink"], [chosen.old, "ag-code"]),
      row(["wrong", "ag-wrong-ink"], [chosen.new, "ag-code"]));
    verdicts.replaceChildren(...tests.map((label, i) =>
      row([label], chosen.said[i] ? ["✓ killed", "ag-correct-ink"] : ["○ alive", "ag-wrong-ink"],
        [chosen.said[i] || "It has nothing to say."])));
    el.dataset.test = test;
    el.dataset.card = card;
  }
  show();
  return {
    set(to) {
      ({ test, card } = to);
      show();
    },
  };
}
