# The few commands of this project. Each sets up what it needs and is quick the second time:
#
#   make demo        the whole product on this machine, with something to look at (ONCE=1: one round, then stop)
#   make test        every test that needs nothing but this machine
#   make test-real   against a real ITSM product, Request Tracker 5, and a real PPM tool, Redmine 5, from Debian's
#                    packages, and the Azure DevOps simulator against Microsoft's Node clients
#   make bench       measurements
#   make lint        ruff: rules and formatting
#   make clean       away with everything that was set up
#
# PYTHON=/path/to/python3.13 chooses the Python; infra/local/setup.sh says how one is found otherwise.

VENV    := .venv
AZURITE := infra/local/azurite
CLIENTS := tests/local/azure_devops/node
PY      := $(VENV)/bin/python
STAMP   := .stamp
# Two at once, because one after the other the tests and their servers keep about one core busy. A file stays in one
# process: its tests share what is slow to start. In the order of the folders, which ends with many quick files, so that
# both processes end together.
AT_ONCE := -n 2 --dist loadfile --no-loadscope-reorder
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON

.PHONY: demo test test-real bench lint clean

demo: $(VENV)/$(STAMP) $(AZURITE)/node_modules/$(STAMP)
	@$(PY) -m infra.local.demo $(if $(ONCE),--once)

test: $(VENV)/$(STAMP) $(AZURITE)/node_modules/$(STAMP)
	$(PY) -m pytest -q $(AT_ONCE) -m "not real and not bench"

test-real: $(VENV)/$(STAMP) $(AZURITE)/node_modules/$(STAMP) $(CLIENTS)/node_modules/$(STAMP)
	$(PY) -m pytest -q -m real tests/local
	@sh infra/local/setup.sh request-tracker
	@sh infra/local/setup.sh redmine
	$(PY) -m pytest -q -m real tests/real

bench: $(VENV)/$(STAMP) $(AZURITE)/node_modules/$(STAMP)
	$(PY) -m pytest -q -m bench tests/bench -s

lint: $(VENV)/$(STAMP)
	$(PY) -m ruff check
	$(PY) -m ruff format --check

clean:
	rm -rf $(VENV) $(AZURITE)/node_modules $(CLIENTS)/node_modules .cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/$(STAMP): requirements.txt pyproject.toml infra/local/setup.sh
	@sh infra/local/setup.sh python $(VENV)
	@touch $@

$(AZURITE)/node_modules/$(STAMP): $(AZURITE)/package.json $(AZURITE)/package-lock.json | $(VENV)/$(STAMP)
	@sh infra/local/setup.sh node $(VENV) $(AZURITE)
	@touch $@

# Without their install scripts: the only one builds a key ring that signing in with a token never asks.
$(CLIENTS)/node_modules/$(STAMP): $(CLIENTS)/package.json $(CLIENTS)/package-lock.json | $(VENV)/$(STAMP)
	@sh infra/local/setup.sh node $(VENV) $(CLIENTS) --ignore-scripts
	@touch $@
