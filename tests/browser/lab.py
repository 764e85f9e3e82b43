"""A real JupyterLab, and notebooks open in it, for tests that do what a learner does.

`Lab` is a server with folders of its own: it reads no personal settings, saves nothing by itself
and asks no questions. `LabPage` is JupyterLab in one browser page; to load it takes longer than
all else, so it stays while one `OpenNotebook` after the other is opened in it and closed. Nothing
here sleeps: every wait is for a state of the page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DEADLINE = 120_000  # ms, for all cells of a notebook
NARROW, WIDE = 800, 1280  # widths of a page, in pixels
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells are in the page
}
FOLDERS = {
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "AUTOGRAD_PROGRESS": "progress",
}


class Lab:
    """A JupyterLab server over a copy of the course's notebooks, with nothing of the user's."""

    def __init__(self, home: Path):
        self.home = home
        self.root = home / "root"
        self.root.mkdir()
        if NOTEBOOKS.is_dir():
            shutil.copytree(NOTEBOOKS, self.root / "notebooks")
        for name, values in SETTINGS.items():
            file = home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        env = os.environ | {name: str(home / folder) for name, folder in FOLDERS.items()}
        env.pop("PYTEST_CURRENT_TEST", None)  # a kernel that sees it behaves as under pytest
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", "--IdentityProvider.token="),
                *(f"--ServerApp.root_dir={self.root}", "--expose-app-in-browser"),
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not self._ready.wait(60) or not self.url:
            raise RuntimeError("JupyterLab did not start:\n" + "".join(self.log))

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self.log.append(line)
            if not self.url and "http://127.0.0.1:" in line:
                self.url = line[line.index("http:") :].strip().partition("/lab")[0]
                self._ready.set()
        self._ready.set()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self._reader.join(30)
        self.process.stderr.close()

    def write(self, name: str, notebook: nbformat.NotebookNode, trusted: bool = False) -> str:
        """Put a notebook where JupyterLab can open it; trusted, as if the learner had run it."""
        nbformat.write(notebook, self.root / name)
        notary = NotebookNotary(data_dir=str(self.home / "data"))  # remembers contents, not names
        change = notary.sign if trusted else notary.unsign
        change(nbformat.read(self.root / name, as_version=4))
        notary.store.close()
        return name


def notebook_of(*sources: str) -> nbformat.NotebookNode:
    """A notebook with these code cells, not yet run."""
    cells = [new_code_cell(source, id=f"cell-{k}") for k, source in enumerate(sources)]
    return new_notebook(cells=cells, metadata=KERNEL)


class LabPage:
    """JupyterLab in a page of the browser, for one open notebook at a time.

    Each page has a workspace of its own: from one that is open elsewhere, JupyterLab leads away.

    Attributes
    ----------
    page : playwright.sync_api.Page
    """

    def __init__(self, lab: Lab, context: BrowserContext, workspace: str):
        self.page = context.new_page()
        self._errors = errors_of(self.page)
        self.page.goto(f"{lab.url}/lab/workspaces/{workspace}")
        self.page.wait_for_function("() => globalThis.jupyterapp")
        self.page.evaluate("() => jupyterapp.restored.then(() => null)")

    def take_errors(self) -> list[str]:
        """Errors on the console and exceptions that nothing caught, since they were last taken."""
        taken = list(self._errors)
        del self._errors[: len(taken)]
        return taken

    def close(self) -> None:
        self.page.close()


class OpenNotebook:
    """A notebook open in JupyterLab, with a kernel of its own.

    Attributes
    ----------
    page : playwright.sync_api.Page
    """

    def __init__(self, lab_page: LabPage, path: str):
        self.page = lab_page.page
        self.page.evaluate(
            """async (path) => {
                const widget = await jupyterapp.commands.execute("docmanager:open", { path });
                await Promise.all([widget.revealed, widget.sessionContext.ready]);
            }""",
            path,
        )
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.wait_until_idle()

    def clear(self) -> None:
        """Leave one empty cell, no variables, the light theme and a wide page."""
        self.page.evaluate(
            """() => {
                const { content, sessionContext } = jupyterapp.shell.currentWidget;
                const { sharedModel } = content.model;
                sharedModel.deleteCellRange(1, sharedModel.cells.length);
                const request = sessionContext.session.kernel.requestExecute({ code: "%reset -f" });
                return request.done.then(() => null);
            }"""
        )
        self.theme("Light")
        self.width(WIDE)

    def wait_until_idle(self) -> None:
        self.page.get_by_text("| Idle").wait_for()

    def run_all(self) -> None:
        """Run all cells, and wait until the last one is done."""
        self._command("notebook:run-all-cells")
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-InputPrompt')]"
            ".every((prompt) => !prompt.textContent.includes('*'))"
        )
        self.wait_until_idle()

    def run(self, source: str) -> Locator:
        """Append a cell, run it, and return its output."""
        place = self.page.evaluate(
            """(source) => {
                const notebook = jupyterapp.shell.currentWidget.content;
                const end = notebook.widgets.length;
                notebook.model.sharedModel.insertCell(end, { cell_type: "code", source });
                return (notebook.activeCellIndex = end);
            }""",
            source,
        )
        self._command("notebook:run-cell")
        output = self.output(place)
        failed = output.locator(ERROR)
        assert not failed.count(), failed.inner_text()
        return output

    def output(self, place: int) -> Locator:
        """The output of the cell at this place."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place).locator(".jp-Cell-outputArea")

    def expect_value(self, expression: str, wanted: str) -> None:
        """Ask the kernel until it prints this for the expression.

        What happens in a widget reaches the kernel only when it has dealt with what came before.
        """
        for _ in range(50):
            printed = self.run(f"print({expression})").inner_text().strip()
            if printed == wanted:
                return
        raise AssertionError(f"{expression} is {printed}, expected {wanted}")

    def theme(self, name: str) -> None:
        """Switch to JupyterLab's "Light" or "Dark" theme."""
        self._command("apputils:change-theme", {"theme": f"JupyterLab {name}"})
        light = "true" if name == "Light" else "false"
        self.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
        # Until its splash is gone, JupyterLab fails (in a timer of its own) at another switch.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def width(self, pixels: int) -> None:
        self.page.set_viewport_size({"width": pixels, "height": 900})

    def close(self) -> None:
        """End the kernel, and close the notebook without saving it."""
        self.page.evaluate(
            """() => {
                const widget = jupyterapp.shell.currentWidget;
                return widget.sessionContext.shutdown().then(() => widget.dispose());
            }"""
        )

    def _command(self, name: str, arguments: dict | None = None) -> None:
        """One of JupyterLab's own commands; it returns when the command is done."""
        self.page.evaluate(
            """([name, values, limit]) => {
                const late = new Promise((_, fail) => setTimeout(() => {
                    const cells = [...document.querySelectorAll(".jp-CodeCell")];
                    const busy = cells.find((cell) => cell.innerText.includes("[*]"));
                    fail(new Error(`${name} is not done after ${limit} ms: ${busy?.innerText}`));
                }, limit));
                return Promise.race([jupyterapp.commands.execute(name, values), late])
                    .then(() => null);
            }""",
            [name, arguments or {}, DEADLINE],
        )


def errors_of(page) -> list[str]:
    """A list that grows with every error on the console and every uncaught exception."""
    errors: list[str] = []

    def on_message(message):
        if message.type == "error":
            errors.append(f"{message.text} {message.location['url']}")

    page.on("console", on_message)
    page.on("pageerror", lambda error: errors.append(f"uncaught: {error.stack}"))
    return errors
