"""FastAPI and SQLAlchemy's async ORM on asyncpg, as SQLAlchemy's documentation shows it."""

from bench.peers import shared
from bench.peers.orm import answers, signing_in, teams  # noqa: F401  (they add their routes)
from bench.peers.orm.base import app

if __name__ == "__main__":
    shared.serve(app)
