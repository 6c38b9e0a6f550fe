"""FastAPI and psycopg as their documentation teaches: a pool, a transaction a request, models."""

from bench.peers import shared
from bench.peers.textbook import answers, signing_in, teams  # noqa: F401  (they add their routes)
from bench.peers.textbook.base import app

if __name__ == "__main__":
    shared.serve(app)
