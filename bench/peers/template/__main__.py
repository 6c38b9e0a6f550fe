"""FastAPI's own template: sync path operations and SQLModel, a session a request."""

from bench.peers import shared
from bench.peers.template import answers, teams  # noqa: F401  (they add their routes)
from bench.peers.template.base import app

if __name__ == "__main__":
    shared.serve(app)
