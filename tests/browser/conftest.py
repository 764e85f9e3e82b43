"""One JupyterLab and one Chromium for all browser tests."""

import os
import shutil
from functools import partial

import pytest
from lab import WIDE, Lab, LabPage, OpenNotebook, notebook_of
from playwright.sync_api import expect, sync_playwright

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
PATIENCE = 30_000  # ms, for what takes a moment on an idle machine
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        missing = "These tests need the program chromium or google-chrome; neither is on the PATH."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=PATIENCE)
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
    context = browser.new_context(viewport={"width": WIDE, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture(scope="session")
def lab_page(lab, context):
    """JupyterLab without an open notebook."""
    lab_page = LabPage(lab, context, "notebooks")
    yield lab_page
    lab_page.close()


@pytest.fixture
def open_notebook(lab_page):
    """Opens a notebook by its path; at the end closes it and asserts that its page had no error."""
    opened = []

    def open_(path):
        opened.append(OpenNotebook(lab_page, path))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()
    assert lab_page.take_errors() == []


@pytest.fixture(scope="session")
def scratch_page(lab, context):
    lab_page = LabPage(lab, context, "scratch")
    yield lab_page
    lab_page.close()


@pytest.fixture(scope="session")
def scratch(lab, scratch_page):
    notebook = OpenNotebook(scratch_page, lab.write("scratch.ipynb", notebook_of("")))
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(scratch, scratch_page):
    """An open notebook without cells and variables, light and wide, for a test to run cells in."""
    scratch.clear()
    yield scratch
    assert scratch_page.take_errors() == []


@pytest.fixture
def figure(record_property):
    """Keeps a measured figure; all of them are printed at the end."""
    return partial(record_property, "figure")


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(value)
