"""Tracebacks that begin with our own code: the frames of servers and libraries before it are left out."""

from pathlib import Path
from traceback import FrameSummary, TracebackException, extract_tb
from types import TracebackType

_ROOT = Path(__file__).parents[2]
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_AROUND = frozenset({"chassis", "cli"})
"""Our folders whose frames surround those of a service."""


def describe(error: BaseException, traceback: TracebackType | None = None) -> str:
    """Return the traceback of an error and of its causes, each from a service's first frame on, or else from ours."""
    described = TracebackException(type(error), error, traceback or error.__traceback__)
    _shorten(described)
    return "".join(described.format()).rstrip()


def place_of(error: BaseException) -> str:
    """Return the file and line of the last frame of a service, or else of ours; empty if there is none."""
    ours = [(frame, folder) for frame in extract_tb(error.__traceback__) if (folder := _folder(frame))]
    of_services = [frame for frame, folder in ours if folder not in _AROUND]
    frames = of_services or [frame for frame, _ in ours]
    return f"{Path(frames[-1].filename).relative_to(_ROOT)}:{frames[-1].lineno}" if frames else ""


def _shorten(described: TracebackException) -> None:
    folders = [_folder(frame) for frame in described.stack]
    ours = [at for at, folder in enumerate(folders) if folder]
    first = next((at for at in ours if folders[at] not in _AROUND), ours[0] if ours else 0)
    del described.stack[:first]
    for cause in (described.__cause__, described.__context__):
        if cause:
            _shorten(cause)


def _folder(frame: FrameSummary) -> str:
    """Return the folder of our code that a frame is in; empty for other code."""
    file = Path(frame.filename)
    if not file.is_relative_to(_ROOT):
        return ""
    parts = file.relative_to(_ROOT).parts
    return "" if _LIBRARIES & set(parts) else parts[0]
