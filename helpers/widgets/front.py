"""How a widget reaches the browser: live through anywidget, or written into a page as it is.

A widget's front end is a few JavaScript files put one after another, in which `mount(el, data,
state, changed)` draws it. Live, `data` and `state` are synced traits. In a saved page the same code
stands inline with its data, over a static picture, so it works without kernel and network; where
scripts are stripped (an untrusted notebook, a code host), the picture remains.
"""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path

import anywidget
import traitlets

from helpers.palette import CSS as PALETTE

_HERE = Path(__file__).parent
_GLUE = """
function render({ model, el }) {
  const save = (state) => { model.set("state", state); model.save_changes(); };
  const widget = mount(el, model.get("data"), model.get("state"), save);
  const follow = () => widget.set(model.get("state"));
  model.on("change:state", follow);
  return () => { model.off("change:state", follow); widget.stop?.(); };
}
export default { render };
"""


def read(*names: str) -> str:
    """The text of several files of this folder, one after another."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class FrontWidget(anywidget.AnyWidget):
    """A widget whose front end gets `data` once and shares `state` with Python.

    A subclass sets `scripts` and `styles` (file names) and has `svg`, its static picture ("" for
    none), and `text`, what it shows as words.
    """

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    svg = ""
    text = ""
    data = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        if "scripts" in vars(cls):  # not in the classes that traitlets derives on its own
            cls._esm = read(*cls.scripts) + _GLUE
            cls._css = PALETTE + read(*cls.styles)
        super().__init_subclass__(**kwargs)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs):
        made = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = made if isinstance(made, tuple) else (made or {}, {})
        return {**bundle, "text/html": self.page(), "text/plain": self.text}, metadata

    def page(self) -> str:
        """The widget as HTML that needs neither kernel nor network."""
        picture = base64.b64encode(self.svg.encode()).decode()
        still = (
            f'<img alt="{escape(self.text[:300])}" src="data:image/svg+xml;base64,{picture}">'
            if self.svg
            else f"<pre>{escape(self.text)}</pre>"
        )
        data, state = (json.dumps(x, ensure_ascii=False) for x in (self.data, self.state))
        start = f"el.dataset.page = '';\nmount(el, {data}, {state}, () => {{}});"
        start = start.replace("</", "<\\/")
        return (
            f'<div class="ag-widget">{still}</div><script>(() => {{\n'
            "const el = document.currentScript.previousElementSibling;\n"
            'const style = document.createElement("style");\n'
            f"style.textContent = {json.dumps(self._css)};\n"
            "el.replaceChildren();\nel.before(style);\n"
            f"{read(*self.scripts)}\n{start}\n}})();</script>"
        )
