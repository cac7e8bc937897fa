"""Waiting for other programs, which give nothing to wait on but their answer."""

from collections.abc import Callable

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

_EVERY_S = 0.03


def wait_until(check: Callable[[], bool], within: float) -> bool:
    """Ask *check*, thirty times a second, until it is true; False if it is not within that many seconds."""
    asking = Retrying(
        retry=retry_if_result(lambda is_so: not is_so),
        wait=wait_fixed(_EVERY_S),
        stop=stop_after_delay(within),
        retry_error_callback=lambda _state: False,
    )
    return asking(check)
