"""What of a traceback is shown."""

import subprocess
from collections.abc import Callable

from chassis.core.tracebacks import describe


def caught(work: Callable[[], object]) -> Exception:
    """Return the error that *work* raises inside of a library."""
    try:
        subprocess.list2cmdline(map(lambda _: work(), [1]))  # type: ignore[arg-type, return-value] # noqa: C417
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("It did not fail.")


def test_it_begins_with_our_own_frame() -> None:
    """The frames before the first one of ours are left out; the error itself is untouched."""

    def fail() -> None:
        raise ValueError("no such thing")

    error = caught(fail)
    assert error.__traceback__
    assert error.__traceback__.tb_next
    error.with_traceback(error.__traceback__.tb_next)  # begins in the library, as in a server's task
    lines = describe(error).splitlines()

    assert lines[0] == "Traceback (most recent call last):"
    assert "test_tracebacks.py" in lines[1]
    assert lines[-1] == "ValueError: no such thing"
    assert not [line for line in lines if "subprocess.py" in line]
    assert "subprocess.py" in str(error.__traceback__.tb_frame.f_code.co_filename)


def test_causes_are_shortened_too() -> None:
    """Each error of a chain keeps its own frames, and the sentence that connects it."""

    def fail() -> None:
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("bad number") from error

    text = describe(caught(fail))

    assert "ValueError: invalid literal" in text
    assert "The above exception was the direct cause" in text
    assert text.endswith("RuntimeError: bad number")


def test_an_error_without_frames_of_ours_keeps_all() -> None:
    """An error of a library alone keeps its whole traceback."""
    error = caught(lambda: int("x"))
    assert error.__traceback__
    assert error.__traceback__.tb_next
    error.with_traceback(error.__traceback__.tb_next.tb_next and error.__traceback__.tb_next)

    assert "ValueError: invalid literal" in describe(error)
    assert describe(ValueError("bare")) == "ValueError: bare"
