# The front door: every habit is a recipe. Each recipe makes its own environment first.

set shell := ["bash", "-euo", "pipefail", "-c"]
python := ".venv/bin/python"

# List the recipes
default:
    @just --list --unsorted

# Make .venv from requirements.lock; does nothing when it is up to date
[group('environment')]
setup:
    @scripts/setup

# Run the service: API, database, migrations, worker
[group('run')]
serve *options: setup
    {{python}} -m src serve {{options}}

# Run the service, and again at every change of the code
[group('run')]
dev *options: setup
    .venv/bin/watchfiles --filter python '{{python}} -m src serve {{options}}' src

# Run the jobs as a process of their own
[group('run')]
worker: setup
    {{python}} -m src worker

# Send 2,800 real answer sets through a service, and print what it makes of them
[group('run')]
demo *options: setup
    {{python}} -m demo {{options}}

# Start PostgreSQL, API and worker in containers
[group('run')]
up:
    docker compose up --build --detach --wait

# Stop the containers
[group('run')]
down:
    docker compose down

# Follow the containers' logs
[group('run')]
logs:
    docker compose logs --follow

# Make a migration from the models, such as: just mm "create team"
[group('database')]
mm name: setup
    {{python}} -m src alembic revision --autogenerate -m "{{name}}"

# Bring the database to the newest migration
[group('database')]
migrate: setup
    {{python}} -m src migrate

# Step back to a migration, such as: just downgrade -1
[group('database')]
downgrade revision: setup
    {{python}} -m src alembic downgrade {{revision}}

# Empty the local database and migrate it afresh
[group('database')]
remigrate: setup
    {{python}} -m src remigrate

# Whether the models say what the migrations make
[group('database')]
drift: setup
    {{python}} -m scripts.drift

# Open a prompt on the database
[group('database')]
psql: setup
    {{python}} -m src psql

# Run the tests
[group('check')]
test *options: setup
    .venv/bin/pytest -n auto {{options}}

# Run the tests that take long: faults, load, the browser
[group('check')]
test-slow *options: setup
    .venv/bin/pytest -m slow {{options}}

# Run the tests with branch coverage
[group('check')]
cov: setup
    .venv/bin/pytest -n auto --cov=src --cov-branch --cov-report=term-missing:skip-covered

# Format the code
[group('check')]
fmt: setup
    .venv/bin/ruff format .
    .venv/bin/ruff check --fix .

# Check the formatting and the style
[group('check')]
lint: setup
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .

# Check the types, twice
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
    {{python}} -m sqlcheck {{options}}

# Everything that must hold before a change lands
[group('check')]
check: lint types imports sql drift test

# Write the lock files from pyproject.toml
[group('environment')]
lock:
    scripts/lock

# Write docs/reference from the code
[group('docs')]
reference: setup
    {{python}} -m scripts.reference
