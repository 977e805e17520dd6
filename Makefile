# The two commands that matter: `make up` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
MODEL := stacks/models/digits

.PHONY: up preview down test coverage judge walk campaign lint bench simulate edge engine promtool model lock clean

## up: deploy stacks/Pulumi.sandbox.yaml with the real engine against the stand-in cloud, and ask the model for a prediction
up: .venv/ready engine model
	$(BIN)/modelinfra up sandbox --or-preview
	$(BIN)/modelinfra try --request examples/digits/sample.json
	@$(BIN)/python tools/next_steps.py

## preview: what the sandbox becomes, without engine or cloud
preview: .venv/ready model
	$(BIN)/modelinfra preview sandbox

## down: destroy what `make up` deployed, and remove what it wrote
down: .venv/ready
	$(BIN)/modelinfra down sandbox
	rm -rf $(MODEL)
	@rmdir stacks/models 2>/dev/null || true

## test: every test, and the judges that take a second; the engine tier runs the real `pulumi`
# Bytecode is kept: hundreds of processes load the library in a run.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/ready engine
	$(BIN)/pytest -n 2 --dist loadgroup

## judge: what others say of every example: the Terraform provider, also on an AWS emulator, cfn-lint, checkov, a policy linter, our rules
judge: export PYTHONDONTWRITEBYTECODE :=
judge: .venv/ready engine
	$(BIN)/python -m tests.judges.environment
	$(BIN)/pytest tests/judges --judges all

## walk: what the engine says of every option, of every change of the second day, of every example, promtool of alarms on Kubernetes, and what else takes long; `make test` asks a part of it
walk: export PYTHONDONTWRITEBYTECODE :=
walk: .venv/ready engine promtool
	$(BIN)/pytest -n 2 --judges all -m slow_judge --ignore tests/judges tests

## campaign: every resource fails once in every way, and the same command again mends it; CAMPAIGN="--sample 20 --seed 1" for a part
campaign: .venv/ready engine
	$(BIN)/python tools/campaign.py $(CAMPAIGN)

## coverage: what the tests in this process reach; the engine and serving tiers run in processes of their own
coverage: .venv/ready
	$(BIN)/coverage run -m pytest -q --ignore tests/judges --ignore tests/engine --ignore tests/serving --ignore tests/walk --ignore tests/bench
	$(BIN)/coverage report --skip-covered --sort=cover

## lint: style, types, and the direction of imports
lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/modelinfra schema | diff - stacks/schema.json
	$(BIN)/python tools/reference.py --check

## bench: import time, registration, memory and growth against the design's budgets
bench: .venv/ready model
	$(BIN)/python tools/bench.py

## simulate: autoscaling's choices against others, on four shapes of traffic; writes the table and the picture of docs/scaling.md
simulate: .venv/ready
	$(BIN)/python tools/simulate.py --write

## edge: the router of docs/edge-router.md with real model servers, the cloud cut off, every cut of a real model; writes the tables and the picture
edge: .venv/ready
	$(BIN)/python tools/edge.py --write

engine: .venv/ready
	@$(BIN)/python tools/engine/build.py || echo "Going on without the engine: what it does is not proven."

promtool: .venv/ready
	@$(BIN)/python tools/promtool/build.py || echo "Going on without promtool: what alarms on Kubernetes fire at is not proven."

model: $(MODEL)/model.joblib
$(MODEL)/model.joblib: examples/digits/train.py | .venv/ready
	$(BIN)/python -m modelinfra.serving.venv mlserver -- examples/digits/train.py $(MODEL)

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("modelinfra needs Python 3.11 or newer, this is %d.%d; set PYTHON=" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

## lock: resolve the dependencies anew; the SDK stays at the version of the engine that can be built
lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --constraints tools/engine/constraints.txt --quiet --output-file requirements.lock
	$(BIN)/uv pip compile --group pyproject.toml:judges --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet --output-file requirements-judges.lock
	$(BIN)/uv pip compile --group pyproject.toml:checkov --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet --output-file requirements-checkov.lock
	$(BIN)/uv pip compile policy-pack/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --constraints tools/engine/constraints.txt --quiet --output-file policy-pack/requirements.lock
	$(BIN)/uv pip compile modelinfra/fetcher/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet --output-file modelinfra/fetcher/requirements.lock
	$(BIN)/uv pip compile modelinfra/router/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet --output-file modelinfra/router/requirements.lock

clean: down
	rm -rf .venv
