"""One JupyterLab and one Chromium for all browser tests."""

import os
import shutil

import pytest
from lab import Lab, OpenNotebook, notebook_of

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        missing = "These tests need the program chromium or google-chrome; neither is on the PATH."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, OFFLINE])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture(scope="session")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def open_notebook(lab, context):
    """Opens notebooks by path; at the end closes them and asserts that no page had an error."""
    opened = []

    def open_(path):
        opened.append(OpenNotebook(lab, context, path))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()
    assert [error for notebook in opened for error in notebook.errors] == []


@pytest.fixture(scope="module")
def notebook(lab, context):
    """One open notebook for a module: each test runs a cell of its own in it."""
    path = lab.write("scratch.ipynb", notebook_of(""))
    notebook = OpenNotebook(lab, context, path)
    yield notebook
    notebook.close()
    assert notebook.errors == []
