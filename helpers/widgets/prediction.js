// A question with choices: the answer comes after the commit. `state` is {}, then {choice, confidence}.

function mount(el, data, state, changed) {
  el.classList.add("ag-theme", "ag-widget", "ag-predict");
  keepKeys(el);
  const group = `ag-${Math.random().toString(36).slice(2)}`; // radio buttons belong together by name
  const choices = data.choices.map((choice) => option("choice", prose(choice)));
  const word = (level) => (level === data.confidences[0] ? "a guess, " : level === 99 ? "sure, " : "");
  const levels = data.confidences.map((level) => option("level", [`${word(level)}${level} %`]));
  const commit = make("button", { type: "button", onclick: () => settle() }, "Commit");
  const hint = make("span", { className: "ag-count" });
  const verdict = make("div", { className: "ag-verdict", ariaLive: "polite", tabIndex: -1 });
  keepKeys(verdict);
  const sure = make("fieldset", { className: "ag-levels" }, make("legend", {}, "How sure are you?"),
    ...levels.map(({ label }) => label));
  const row = make("div", { className: "ag-bar-row" }, commit, hint);
  el.replaceChildren(
    make("fieldset", { className: "ag-choices" }, make("legend", {}, ...prose(data.question)),
      ...choices.map(({ label }) => label)), sure, row, verdict);

  function option(kind, content) {
    const input = make("input", { type: "radio", name: `${group}-${kind}`, onchange: () => ready() });
    const sign = make("span", { className: "ag-mark" });
    return { input, sign, label: make("label", {}, input, make("span", {}, ...content), sign) };
  }
  const picked = (options) => options.findIndex(({ input }) => input.checked);
  function ready() {
    const open = [[choices, "an answer"], [levels, "how sure you are"]]
      .filter(([options]) => picked(options) < 0).map(([, words]) => words);
    commit.disabled = open.length > 0;
    hint.textContent = open.length ? `Choose ${open.join(" and ")}.` : "";
  }
  function settle() {
    state = { choice: picked(choices), confidence: data.confidences[picked(levels)] };
    changed(state);
    reveal();
    if ("page" in el.dataset)
      verdict.append(make("div", { className: "ag-count" }, "This page keeps nothing; in the running notebook your prediction is kept."));
    verdict.focus();
  }
  function reveal() {
    const { choice, confidence } = state, { answer, because } = unsealed(data.sealed);
    const right = choice === answer;
    choices[choice].input.checked = true;
    for (const { input } of choices) input.disabled = true;
    choices[choice].sign.replaceChildren(verdictSign(right), " your prediction");
    if (!right) choices[answer].sign.replaceChildren(verdictSign(true), " the answer");
    sure.remove();
    row.remove();
    const said = right ? "Right" : "Not this time";
    const truth = right ? [] : [" The answer is ", ...prose(data.choices[answer]), "."];
    verdict.replaceChildren(
      make("b", { className: right ? "ag-correct-ink" : "ag-wrong-ink" }, verdictSign(right), ` ${said}`),
      `: you were ${confidence} % sure.`, ...truth, " ", ...prose(because));
    el.dataset.verdict = right ? "right" : "wrong";
  }
  const isCommitted = () => state.choice !== undefined;
  ready();
  if (isCommitted()) reveal();
  return {
    set(next) {
      if (isCommitted() || next.choice === undefined) return;
      state = next;
      reveal();
    },
  };
}

function unsealed(text) {
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))));
}
