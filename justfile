# The front door: every habit is a recipe. Each recipe makes its own environment first.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

python := ".venv/bin/python"

# What Python compiles is kept, wherever it is told not to: each start without takes seconds longer.
export PYTHONDONTWRITEBYTECODE := ""

# List the recipes
default:
    @{{ just_executable() }} --list --unsorted

# Run the service: API, database, migrations, worker
[group('run')]
serve *options: setup
    {{ python }} -m src serve "$@"

# Run the service, and again at every change of the code
[group('run')]
dev *options: setup
    .venv/bin/watchfiles --filter python --sigint-timeout 20 '{{ python }} -m src serve {{ options }}' src

# Run the jobs as a process of their own
[group('run')]
worker: setup
    {{ python }} -m src worker

# Send 2,800 real answer sets through a service, and print what it makes of them
[group('run')]
demo *options: setup
    {{ python }} -m demo "$@"

# Start PostgreSQL, API and worker in containers
[group('containers')]
up:
    docker compose up --build --detach --wait

# Stop the containers; their data stays
[group('containers')]
down:
    docker compose down

# Follow the containers' logs
[group('containers')]
logs *services:
    docker compose logs --follow "$@"

# Make a migration from the models, such as: just mm "create team"
[group('database')]
mm name: migrate
    {{ python }} -m src alembic revision --autogenerate --message "$1"

# Bring the database to the newest migration
[group('database')]
migrate: setup
    {{ python }} -m src migrate

# Step back to a migration, such as: just downgrade -1
[group('database')]
downgrade revision: setup
    {{ python }} -m src alembic downgrade -- "$1"

# Empty the local database and migrate it afresh
[group('database')]
remigrate: setup
    {{ python }} -m src remigrate

# Make somebody an admin of the platform, such as: just create-admin ann@example.org
[group('database')]
create-admin email: setup
    {{ python }} -m src create-admin "$1"

# Bring accounts from another system, such as: just import-users users.jsonl --check
[group('database')]
import-users file *options: setup
    {{ python }} -m src import-users "$@"

# Sign with a new key, and seal anew what a previous secret key has sealed
[group('database')]
rotate-keys *options: setup
    {{ python }} -m src rotate-keys "$@"

# Open a prompt on the database
[group('database')]
psql: setup
    {{ python }} -m scripts.postgres psql

# Dump the database into a file; without a name, into DATA_DIR/backups
[group('database')]
backup *file: setup
    {{ python }} -m scripts.postgres backup "$@"

# Load a backup into a new database, such as: just restore core.dump restored
[group('database')]
restore file name: setup
    {{ python }} -m scripts.postgres restore "$@"

# Everything that must hold before a change lands
[group('check')]
check: static test

# All of it but the tests
[group('check')]
static: lint types imports sql drift reference-check

# Run the tests, such as: just test tests/teams -k stranger
[group('check')]
test *options: setup
    .venv/bin/pytest -n auto "$@"

# Run the tests of the API with FastAPI serving each route itself, not the compiled handlers
[group('check')]
test-plain *options: setup
    .venv/bin/pytest -n auto --routes=fastapi tests/auth tests/users tests/devices tests/idempotency \
        tests/teams tests/invitations tests/applets tests/answers tests/exports tests/statistics \
        tests/core tests/authorisation "$@"

# Run the tests that take long: faults, load, the browser
[group('check')]
test-slow *options: setup
    .venv/bin/pytest -m slow --deselect tests/defects/test_breaks.py::test_its_test_notices "$@"

# Break each rule in a copy of the code, and see that its test fails, such as: just break-rules -k MFA
[group('check')]
break-rules *options: setup
    .venv/bin/pytest -n auto -m slow tests/defects/test_breaks.py "$@"

# Call every operation as the document has it, for so many seconds: signed in, then by nobody
[group('check')]
fuzz seconds="600" seed=`echo $$`: setup
    FUZZ_SECONDS="$1" FUZZ_SEED="$2" .venv/bin/pytest -m slow -s tests/fuzz

# Run the tests with branch coverage
[group('check')]
cov *options: setup
    .venv/bin/pytest -n auto --cov=src --cov-branch --cov-report=term-missing:skip-covered "$@"

# Format the code, and mend what can be mended
[group('check')]
fmt: setup
    .venv/bin/ruff check --fix-only .
    .venv/bin/ruff format .

# Check the formatting and the style
[group('check')]
lint: setup
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .

# Check the types: mypy, and pyrefly for what mypy lets pass
[group('check')]
types: setup
    .venv/bin/mypy
    .venv/bin/pyrefly check

# Check who imports whom
[group('check')]
imports: setup
    .venv/bin/lint-imports

# Prove every statement on the migrated schema
[group('check')]
sql *options: setup
    {{ python }} -m sqlcheck "$@"

# Look for wrong answers of the checker with random queries, such as: just sql-fuzz 42
[group('check')]
sql-fuzz seed count="10000": setup
    {{ python }} -m tests.sqlcheck.fuzzing.nullness "$1" "$2"
    {{ python }} -m tests.sqlcheck.fuzzing.rows "$1" "$2"
    {{ python }} -m tests.sqlcheck.fuzzing.built "$1" "$(($2 / 10))"
    {{ python }} -m tests.sqlcheck.fuzzing.mutations
    {{ python }} -m tests.contracts.mutated_schema
    {{ python }} -m tests.sqlcheck.fuzzing.schemas

# Whether the models say what the migrations make
[group('check')]
drift: setup
    {{ python }} -m scripts.drift

# Whether docs/reference and .env.example say what the code says
[group('check')]
reference-check: setup
    {{ python }} -m scripts.reference --check

# Measure the service beside its peers, such as: just bench --small --only read
[group('measure')]
bench *options: setup
    {{ python }} -m bench "$@"

# Measure what requests cost as the tables grow, such as: just bench-growth --small
[group('measure')]
bench-growth *options: setup
    {{ python }} -m bench growth "$@"

# Lay out a domain and its tests, such as: just new-domain badges
[group('upkeep')]
new-domain name *thing: setup
    {{ python }} -m scripts.new_domain "$@"

# Write docs/reference and .env.example from the code
[group('upkeep')]
reference: setup
    {{ python }} -m scripts.reference

# Make .venv from requirements.lock; does nothing when it is up to date
[group('upkeep')]
setup:
    @scripts/setup

# Write the lock files from pyproject.toml; --upgrade takes newer versions
[group('upkeep')]
lock *options:
    scripts/lock "$@"

# Bring in a version of Swagger UI, such as: just docs-assets 5.35.0
[group('upkeep')]
docs-assets version:
    scripts/docs-assets "$1"

alias openapi := reference
