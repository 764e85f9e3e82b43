# make lab      from a fresh clone to JupyterLab on the first notebook
# make test     everything CI runs
# make refresh  execute notebooks again and store their outputs   (NB=week01 for one of them)
# make bench    the benchmark tables
# make html     the course as static pages, with working steppers

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
NB ?=
WORKERS := -n logical --maxprocesses 4

.PHONY: lab test unit notebooks browser refresh bench html

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $(INSTALLED)

lab: $(INSTALLED)
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

test: unit notebooks browser

unit: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -p no:nbval $(WORKERS) --dist loadfile tests --ignore=tests/browser

notebooks: $(INSTALLED)
	AUTOGRAD_PROGRESS=off $(BIN)/python -m pytest --nbval --nbval-current-env \
		--nbval-cell-timeout=120 $(WORKERS) --dist loadfile notebooks

browser: $(INSTALLED)
	$(BIN)/python -m pytest -p no:nbval $(WORKERS) --dist worksteal tests/browser

refresh: $(INSTALLED)
	$(BIN)/python tools/refresh.py $(NB)

bench: $(INSTALLED)
	@for bench in tests/benchmarks/*.py; do $(BIN)/python $$bench || exit 1; done

html: $(INSTALLED)
	AUTOGRAD_PROGRESS=off $(BIN)/jupyter nbconvert --to html --output-dir html \
		--TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_input_tags=prediction \
		notebooks/*.ipynb
