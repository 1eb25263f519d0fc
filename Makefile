# make run    set up, run the default, and show its table, gallery and report
# make report put tables, figures and gallery into one HTML file
# make test   set up and run every test
# make test-faults  kill 50 runs at random moments, and see that the next run ends with the same tables
# make lint   check style and types
# make format
# make bench  measure the parts named in PARTS, or all, which takes hours on few cores
.PHONY: run report test test-faults lint format bench

PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/config.yaml
REPORT ?= results/report.html

run: .venv/installed
	$(BIN)/snakemake --cores all --configfile $(CONFIG) --rerun-incomplete --logger rich
	@$(MAKE) --no-print-directory report

report: .venv/installed
	@mkdir -p logs
	@$(BIN)/snakemake --configfile $(CONFIG) --report $(REPORT) >logs/report.log 2>&1 || \
		{ cat logs/report.log; exit 1; }
	@echo "Report:   file://$(abspath $(REPORT))"

test: .venv/installed
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

test-faults: .venv/installed
	KILLS=50 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/faults

lint: .venv/installed
	$(BIN)/python -m pytest tests/test_style.py

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

bench: .venv/installed
	PYTHONPATH=workflow/scripts $(BIN)/python benchmarks $(PARTS)

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: install a newer one and give it as PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --editable .
	touch $@
