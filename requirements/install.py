"""
Create a virtual environment completely or not at all: `install.py [--check] <folder> <lock>`, standard library only.
`python install.py --uv <arguments>` runs that Python's uv with the same access to a registry.

<folder>/bin/.ready records the Python, the folder and the lock. It is written last, and removed first: an environment
without it, or with another record, is created again. With --check nothing is created; exit code 1 reports a mismatch.

The caller's pip settings for reaching a registry are kept, for uv too; settings that would install elsewhere, or other
packages, are ignored (docs/decisions/0027-the-callers-environment.md).
"""

import ast
import contextlib
import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).absolute().parents[1]
REPORT_S = 10
"""The time between two signs of life of a program that downloads, seconds."""
BOOTSTRAP = ROOT / "requirements" / "bootstrap.txt"
"""The lock of uv alone, with its hashes."""

REGISTRY = {
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy"),
    *("timeout", "default-timeout", "retries", "keyring-provider", "use-feature", "use-deprecated", "cache-dir"),
}
"""Settings of pip for reaching a registry."""
FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "client-cert": "SSL_CLIENT_CERT",
    "keyring-provider": "UV_KEYRING_PROVIDER",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
}
OWN_UV = (
    *("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INSECURE_HOST"),
    *("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
)
"""The caller's settings of uv for reaching a registry, besides UV_HTTP_*, UV_CACHE_DIR and passwords."""
STEERING = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "__PYVENV_LAUNCHER__", "MAKE", "MFLAGS")

# Not `pip config list`: with "user = true" in a file it would read the user's own file only.
READ_PIP_SETTINGS = """
from pip._internal.configuration import Configuration
found = Configuration(isolated=False)
found.load()
for name, value in found.items():  # by file, in newer releases
    for pair in value.items() if isinstance(value, dict) else [(name, value)]:
        print("%s=%r" % pair)
"""


def main(arguments: list[str]) -> int:
    """Install what is missing; returns the exit code."""
    if arguments[0] == "--uv":
        folder = Path(sys.prefix)
        uv, environment = folder / "bin" / "uv", uv_variables(pip_settings(folder / "bin" / "python"), folder)
        os.execve(uv, [uv, *arguments[1:]], clean_environment() | environment)  # noqa: S606 - no shell is wanted
    is_check = "--check" in arguments
    folder, lock = (ROOT / one for one in arguments if one != "--check")
    if is_check:
        return int(not is_ready(folder, lock))
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of two concurrent installations the second finds everything done
        if not is_ready(folder, lock):
            install(folder, lock)
    return 0


def is_ready(folder: Path, lock: Path) -> bool:
    """Whether the environment is complete, and has this Python, folder and lock."""
    return read_stamp(folder) == [*describe(folder), digest(lock)]


def read_stamp(folder: Path) -> list[str]:
    """Read the record of an environment; empty if it is not complete."""
    with contextlib.suppress(OSError):
        return (folder / "bin" / ".ready").read_text(encoding="utf-8").splitlines()
    return []


def describe(folder: Path) -> list[str]:
    """Return the record of an environment except for the lock, as its own Python sees it."""
    look = "import sys; print(sys.version.replace('\\n', ' '), sys.base_prefix)"
    command, python = [folder / "bin" / "python", "-I", "-S", "-c", look], "no Python"
    with contextlib.suppress(OSError):
        python = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or python
    return [python, str(folder), digest(BOOTSTRAP), digest(Path(__file__))]


def digest(file: Path) -> str:
    """Return a hash of the content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def install(folder: Path, lock: Path) -> None:
    """Create the environment, or update one with another lock."""
    print(
        f"Installing into {folder.name} (once; about 15 s, or a minute or two if packages are downloaded) …", flush=True
    )
    is_whole = bool(folder.is_dir() and read_stamp(folder)[:-1] == describe(folder))
    (folder / "bin" / ".ready").unlink(missing_ok=True)
    clean = clean_environment()
    python = folder / "bin" / "python"
    if not is_whole:
        remove(folder)
        run([sys.executable, "-I", "-m", "venv", folder], clean)
    link(python)
    settings = pip_settings(python)
    for_pip = clean | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | as_variables(settings)
    pip = [python, "-I", "-X", "utf8", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r"]
    run([*pip, BOOTSTRAP], for_pip)
    uv = [folder / "bin" / "uv", "pip", "sync", "-q", "--no-config", "--compile-bytecode", "--python", python]
    if not run([*uv, "--require-hashes", lock], clean | uv_variables(settings, folder), check=False):
        print("uv failed; pip is tried, which takes a minute …", flush=True)
        run([*pip, lock], for_pip)
    draft = folder / "bin" / ".ready.new"
    draft.write_text("\n".join([*describe(folder), digest(lock)]), encoding="utf-8")
    draft.replace(folder / "bin" / ".ready")


def link(python: Path) -> None:
    """Let the environment's Python find our packages from any folder, and with PYTHONSAFEPATH too."""
    look = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-I", "-c", look], capture_output=True, text=True, check=True).stdout.strip()
    # A relative path: a name that is not ASCII would keep this Python from starting in some locales.
    Path(packages, "checkout.pth").write_text(f"{os.path.relpath(ROOT, packages)}\n", encoding="ascii")


def clean_environment() -> dict[str, str]:
    """Return the caller's environment without variables that influence Python, pip and uv; text is UTF-8."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*STEERING, "LC_"))}
    return kept | {"LC_ALL": "C.UTF-8"}


def remove(folder: Path) -> None:
    """Remove the environment; of a link only the link, not its target."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def pip_settings(python: Path) -> dict[str, str]:
    """Return pip's settings for reaching a registry, from its files and the environment, which takes precedence."""
    command = [python, "-I", "-X", "utf8", "-c", READ_PIP_SETTINGS]
    named = {*as_variables(dict.fromkeys(REGISTRY, "")), "PIP_CONFIG_FILE"}
    environment = clean_environment() | {name: value for name, value in os.environ.items() if name in named}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if listed.returncode:
        sys.exit(f"pip cannot read its settings: {listed.stderr.strip()}")
    settings = dict[str, str]()
    # In pip's order: [global], overridden by [install], overridden by PIP_*.
    for section in ("global.", "install.", ":env:."):
        for line in listed.stdout.splitlines():
            name, _, value = line.removeprefix(section).partition("=")
            if line.startswith(section) and name in REGISTRY:
                settings[name] = str(ast.literal_eval(value))
    return settings


def as_variables(settings: dict[str, str]) -> dict[str, str]:
    """Return pip's settings as environment variables."""
    return {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}


def uv_variables(settings: dict[str, str], folder: Path) -> dict[str, str]:
    """Return uv's settings: pip's, and the caller's own."""
    told = {FOR_UV[name]: value for name, value in settings.items() if name in FOR_UV}
    told["UV_FIND_LINKS"] = ",".join(settings.get("find-links", "").split())
    # As pip does; uv would trust only its own list, which lacks the authority of a company's network.
    told["UV_SYSTEM_CERTS"] = "true" if any(ssl.get_default_verify_paths()[:2]) else ""
    told["UV_NO_INDEX"] = settings.get("no-index", "")
    told["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does; packages are checked against the hashes
    for name in ("HTTPS_PROXY", "HTTP_PROXY") if "proxy" in settings else ():
        told[name] = settings["proxy"]
    authorities = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if authorities and not os.environ.get("SSL_CERT_FILE"):
        told["SSL_CERT_DIR" if Path(authorities).is_dir() else "SSL_CERT_FILE"] = authorities
    own = {
        name: value
        for name, value in os.environ.items()
        if name in OWN_UV or name.startswith(("UV_HTTP_", "UV_INDEX_"))
    }
    return {name: value for name, value in told.items() if value} | own | {"UV_CACHE_DIR": str(cache_folder(folder))}


def cache_folder(folder: Path) -> Path:
    """Return uv's cache folder: the default, if it is writable."""
    home = Path(os.environ.get("HOME") or os.devnull)
    usual = Path(os.environ.get("UV_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "uv")
    with contextlib.suppress(OSError):
        usual.mkdir(parents=True, exist_ok=True)
        if os.access(usual, os.W_OK):
            return usual
    return folder / "cache"


def run(command: list[str | Path], environment: dict[str, str], *, check: bool = True) -> bool:
    """
    Run a program, and print from time to time that it does; returns whether it succeeded.

    With *check*, a failure exits without a traceback.
    """
    code, started = None, time.monotonic()
    with subprocess.Popen(command, env=environment, cwd=ROOT) as process:
        while code is None:
            try:
                code = process.wait(REPORT_S)
            except subprocess.TimeoutExpired:
                print(f"  still installing, after {time.monotonic() - started:.0f} s …", flush=True)
            except BaseException:
                process.kill()
                raise
    if code and check:
        sys.exit(
            f"The installation failed (see above): {' '.join(map(str, command[:5]))} … Correct that, and run it again."
        )
    return not code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
