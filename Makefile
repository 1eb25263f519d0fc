# make run    set up, run the default, and print its tables and links to gallery and report
# make report put tables, figures and gallery into one HTML file
# make tune   compare settings on validation images, without a look at the test images
# make test   set up and run all tests
# make test-faults  kill 50 runs at random moments; the next run must give the same tables
# make test-gpu     test a GPU, and measure speeds on it, in a few minutes
# make lint   check style, types and the order of imports
# make format
# make bench  measure the parts named in PARTS, or all, which takes hours on few cores
.PHONY: run report tune test test-faults test-gpu lint format bench

PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/config.yaml
TUNE ?= config/tune.yaml
REPORT ?= results/report.html

run: .venv/installed
	@echo "Running $(CONFIG) on all cores; finished results are not computed again."
ifeq ($(CONFIG),config/config.yaml)
	@echo "The default run draws 420 synthetic tiles, extracts descriptors with a pretrained network, fine-"
	@echo "tunes it with four labelings, and compares it with three handcrafted descriptors: 52 jobs,"
	@echo "about 2 minutes on 2 cores."
endif
	@mkdir -p logs && touch logs/.started
	@$(BIN)/snakemake --cores all --configfile $(CONFIG) --rerun-incomplete --logger rich
	@$(MAKE) --no-print-directory report
# Snakemake prints the tables itself, but not where nothing is to be done.
	@find results -name provenance.json -newer logs/.started | grep -q . || \
		$(BIN)/python workflow/scripts/print_tables.py $$($(BIN)/snakemake --configfile $(CONFIG) \
			--summary 2>/dev/null | grep -o '^results/[^/]*/tables/comparison.csv')

report: .venv/installed
	@mkdir -p logs
	@$(BIN)/snakemake --configfile $(CONFIG) --report $(REPORT) >logs/report.log 2>&1 || \
		{ cat logs/report.log; exit 1; }
	@echo "Report:   file://$(abspath $(REPORT))"

tune: .venv/installed
	@echo "Comparing the settings of $(TUNE) on validation images."
	@$(BIN)/snakemake --cores all --configfile $(TUNE) --rerun-incomplete --until compare --quiet all
	@$(BIN)/python workflow/scripts/print_tables.py $$($(BIN)/snakemake --configfile $(TUNE) \
		--summary 2>/dev/null | grep -o '^results/[^/]*/tables/comparison.csv')

test: .venv/installed
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

test-faults: .venv/installed
	KILLS=50 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/faults

test-gpu: .venv/installed
	@if PYTHONPATH=workflow/scripts $(BIN)/python -m rsir.networks.cards | grep -q .; then \
		$(BIN)/python -m pytest tests/gpu && \
		PYTHONPATH=workflow/scripts $(BIN)/python benchmarks gpu; \
	else echo "test-gpu: skipped, since this machine has no GPU"; fi

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
		{ echo "$(PYTHON) is older than 3.11; install a newer one and set PYTHON=..."; exit 1; }
	@echo "Installing the pinned packages into .venv, which downloads torch (log: logs/install.log)"
	@mkdir -p logs && { \
		$(PYTHON) -m venv .venv && \
		$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt && \
		$(BIN)/python -m pip install --disable-pip-version-check --no-deps --editable .; \
	} >logs/install.log 2>&1 || { tail -n 20 logs/install.log; exit 1; }
	@touch $@
