# Everything works from a bare machine with make and Python 3.11 or later: each target that needs
# the virtual environment makes it first, and mends it where an earlier attempt broke off.

VENV   := .venv
PYTHON := $(VENV)/bin/python
MSISDN := $(VENV)/bin/msisdn
STAMP  := $(VENV)/.installed
LISTS  ?= lists
OUT    ?= out
SAMPLE := sample_data/customers.csv
PARALLEL = --numprocesses $(or $(JOBS),auto) --dist worksteal
NEWER_THAN_3_11 := import sys; sys.exit(sys.version_info < (3, 11))

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: check-format check-lint check-types check-layers check-docs
.PHONY: help run test test-slow check bench parity fuzz soak simulate enrich sample-data docs docs-site lock clean FORCE

# A virtual environment knows its own path: one that was moved or copied is made again.
ifneq ($(file <$(STAMP)),$(CURDIR))
$(STAMP): FORCE
endif

help:  ## This list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; \
	do printf '  %-12s %s\n' "$$name" "$$what"; done

run: $(STAMP)  ## The main job on sample_data against the embedded simulator; RATE=lookups a second
	@$(MSISDN) run $(SAMPLE) --region-column country --simulate --rate $(or $(RATE),1000) -o out/customers \
	--restart-changed $(ARGS)

# They start the command hundreds of times: its modules are compiled once, not each time.
test test-slow: export PYTHONDONTWRITEBYTECODE :=

test: $(STAMP)  ## The tests, without the slow ones, on JOBS=cores; ARGS="-k name" and the like go to pytest
	$(PYTHON) -m pytest $(PARALLEL) $(ARGS)

test-slow: $(STAMP)  ## The rest of them, an hour, with nginx and haproxy where they are installed; JOBS=, ARGS go to pytest
	$(PYTHON) -m pytest $(PARALLEL) -m slow $(ARGS)

check: check-format check-lint check-types check-layers check-docs  ## Format, lint, types, layers, and whether the documents are up to date

check-format: $(STAMP)
	$(PYTHON) -m ruff format --check .

check-lint: $(STAMP)
	$(PYTHON) -m ruff check .

check-types: $(STAMP)
	$(PYTHON) -m mypy

check-layers: $(STAMP)
	$(VENV)/bin/lint-imports

check-docs: $(STAMP)
	$(PYTHON) -m tests.architecture.docs

bench: $(STAMP)  ## The benchmarks, which take long; ARGS go to them
	$(PYTHON) -m tests.benchmarks $(ARGS)

parity: $(STAMP)  ## Generated cells against libphonenumber, some minutes; CELLS= SEED=, ARGS go to it
	$(PYTHON) -m tests.parity --cells $(or $(CELLS),1000000) --seed $(or $(SEED),1) $(ARGS)

fuzz: $(STAMP)  ## Random and mutated files and cells, some minutes; CASES= SEED=, ARGS go to it
	$(PYTHON) -m tests.fuzz --cases $(or $(CASES),100000) --seed $(or $(SEED),1) $(ARGS)

soak: $(STAMP)  ## Every file operation fails, histories at random, kills; an hour; KILLS= STRIDE= EXAMPLES= SEED=, ARGS=--jobs=3
	$(PYTHON) -m tests.faults --kills $(or $(KILLS),300) --stride $(or $(STRIDE),1) \
	--examples $(or $(EXAMPLES),300) --seed $(or $(SEED),1) $(ARGS)

simulate: $(STAMP)  ## The service on this machine, until it is interrupted; ARGS go to it
	@$(MSISDN) simulate $(ARGS)

enrich: $(STAMP)  ## Every new or changed list in LISTS=dir into OUT=dir/<name>; RATE=, ARGS= go to msisdn run
	+@sh -c "$$ENRICH"

sample-data: $(STAMP)  ## Make the lists of sample_data again, byte for byte
	@$(PYTHON) -m sample_data.generate
	@$(PYTHON) -m tests.architecture.docs --write

docs: $(STAMP)  ## Make the tables in the documents again
	@$(PYTHON) -m tests.architecture.docs --write

docs-site: $(STAMP)  ## The pages of docs/ as a site, in site/
	@mkdir -p build && "$(PYTHON)" -c "$$SITE_INPUT" > build/site.in
	@[ -x build/site/bin/python ] || $(PYTHON) -m venv build/site
	@PIP_DISABLE_PIP_VERSION_CHECK=1 build/site/bin/python -m pip install -qq -r build/site.in
	@build/site/bin/mkdocs build --clean
	@echo "site/index.html"

lock: $(STAMP)  ## Pin the newest allowed versions in requirements.lock; LOCK_ARGS=--upgrade
	@mkdir -p build && "$(PYTHON)" -c "$$LOCK_INPUT" > build/requirements.in
	@[ -x build/lock/bin/pip-compile ] || { $(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install -qq pip-tools; }
	@build/lock/bin/python -m piptools compile build/requirements.in --output-file requirements.lock --quiet \
	--generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header --no-emit-options \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(LOCK_ARGS)
	@echo "requirements.lock: $$(grep -c == requirements.lock) packages"

clean:  ## Remove the virtual environment, caches and the sample's output; other outputs stay
	rm -rf $(VENV) build dist site out/customers .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf .coverage* htmlcov
	find pipeline tests sample_data -type d -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): pyproject.toml requirements.lock
	@sh -c "$$INSTALL"

# ---- shell -----------------------------------------------------------------------------------

# The mark `.broken` stands while an installation is under way: what finds it begins from nothing.
# `ensurepip` is looked for because Debian leaves it out; then a pip from outside does as well.
define INSTALL
set -eu
venv=$(VENV)
if [ -e "$$venv/.broken" ] || ! grep -qsxF "$$HERE" "$$venv/.installed" \
	|| ! "$$venv/bin/python" -c '$(NEWER_THAN_3_11)' 2>/dev/null
then
	found=
	for python in $${PYTHON_FOR_VENV:-python3.14 python3.13 python3.12 python3.11 python3}; do
		if "$$python" -c '$(NEWER_THAN_3_11)' 2>/dev/null; then found=$$python; break; fi
	done
	if [ -z "$$found" ]; then
		echo "make: no Python 3.11 or later was found; install one, or name it: make PYTHON_FOR_VENV=/path/to/python3" >&2
		exit 1
	fi
	if "$$found" -c 'import ensurepip' 2>/dev/null; then
		pip=; without=
	elif "$$found" -m pip --python "$$found" --version >/dev/null 2>&1; then
		pip=$$found; without=--without-pip
	else
		echo "make: $$found can make no virtual environment; install its module venv (Debian: apt install python3-venv)" >&2
		exit 1
	fi
	rm -rf "$$venv"
	mkdir -p "$$venv"
	touch "$$venv/.broken"
	"$$found" -m venv $$without "$$venv"
	if [ -n "$$pip" ]; then "$$pip" -m pip --python "$$venv/bin/python" install -qq pip; fi
fi
touch "$$venv/.broken"
echo "Installing into $$venv what requirements.lock names; the first time takes a minute or two" >&2
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$$venv/bin/python" -m pip install -qq --require-hashes --no-deps -r requirements.lock
"$$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation --editable .
printf '%s\n' "$$HERE" > "$$venv/.installed"
rm -f "$$venv/.broken"
endef
export INSTALL
export HERE := $(CURDIR)

define ENRICH
[ -d "$$LISTS" ] || { echo "make enrich: $$LISTS is no directory; name one with LISTS=" >&2; exit 2; }
mkdir -p "$$OUT" && rm -f "$$OUT/.enrich-unresolved" || exit
SUFFIXES=$$($(PYTHON) -c "$$LIST_SUFFIXES") && export SUFFIXES || exit
rules=$$(sh -c "$$ENRICH_RULES") || exit
printf '%s\n' "$$rules" | $(MAKE) --no-print-directory -f - all
code=$$?
if [ -e "$$OUT/.enrich-unresolved" ]; then
	echo "make enrich: some rows are unresolved; make enrich asks them again:" >&2
	cat "$$OUT/.enrich-unresolved" >&2
	rm -f "$$OUT/.enrich-unresolved"
	[ $$code -ne 0 ] || code=3
fi
exit $$code
endef

define LIST_SUFFIXES
from pipeline.read import FORMATS
suffixes = [suffix for known in FORMATS.values() for suffix in known.suffixes]
print(*(suffix + packed for suffix in suffixes for packed in ("", ".gz", ".zst")))
endef

# A rule for each list, with names escaped for make (in the rule's head) and for sh (in its recipe).
# The first of several lists of one name has it for its output; the others keep their suffix.
define ENRICH_RULES
set -eu
for_make() { printf '%s' "$$1" | sed -e 's/[[ #:*?]/\\&/g' -e 's/\$$/$$$$/g' -e 's/=/$$(EQUALS)/g'; }
for_shell() { printf "'"; printf '%s' "$$1" | sed -e "s/'/'\\\\''/g" -e 's/\$$/$$$$/g'; printf "'"; }
newline='
'
taken=$$newline
heads=
rules=
for suffix in $$SUFFIXES; do
	for list in "$$LISTS"/*"$$suffix"; do
		[ -f "$$list" ] || continue
		file=$${list##*/}
		case $$OUT/$$list in
		*[\\\;\|"	$$newline"]*) echo "make enrich: $$list: make takes no name with \\ ; | or a tab in it; rename it" >&2; exit 2 ;;
		esac
		name=$${file%"$$suffix"}
		case $$taken in *"$$newline$$name$$newline"*) name=$$file ;; esac
		taken=$$taken$$name$$newline
		head=$$(for_make "$$OUT/$$name/_SUCCESS")
		heads="$$heads $$head"
		rules=$$rules$$newline$$head:\ $$(for_make "$$list")$$newline
		rules=$$rules"	@sh -c \"\$$\$$ENRICH_ONE\" enrich "$$(for_shell "$$list")\ $$(for_shell "$$OUT/$$name")$$newline
	done
done
printf 'EQUALS := =\n'
printf '.PHONY: all\nall:%s\n.PRECIOUS:%s\n%s\n' "$$heads" "$$heads" "$$rules"
endef

# Whether a list that is newer than its finished output has changed, its content says: where only its
# date did, nothing is asked again, and where something else differs (a setting, the rules, a part that is
# damaged), that is an error (15), never a reason to buy the list again. An output with unresolved rows is
# dated back, so that it stays due.
define ENRICH_ONE
list=$$1 out=$$2
echo "make enrich: $$list -> $$out" >&2
$(MSISDN) run "$$list" -o "$$out" --restart-changed $(if $(RATE),--rate $(RATE)) $(ARGS)
code=$$?
case $$code in
0) touch "$$out/_SUCCESS" ;;
3)
	echo "  $$list" >> "$$OUT/.enrich-unresolved"
	[ ! -e "$$out/_SUCCESS" ] || touch -t 197001020000 "$$out/_SUCCESS"
	;;
*) exit $$code ;;
esac
endef

define LOCK_INPUT
import tomllib
with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)
print("editables")  # hatchling asks for it where the install is editable
print(*project["build-system"]["requires"], *project["project"]["dependencies"], sep="\n")
print(*project["dependency-groups"]["dev"], sep="\n")
endef

define SITE_INPUT
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["dependency-groups"]["docs"], sep="\n")
endef

export ENRICH LIST_SUFFIXES ENRICH_RULES ENRICH_ONE LOCK_INPUT SITE_INPUT LISTS OUT
