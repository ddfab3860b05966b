"""What carries calls: aiohttp where it is installed, the standard library in threads elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from robustness.errors import MissingExtraError
from robustness.victims.endpoint.wire import Transport


def transport_factory(name: str = "auto", *, proxies: bool = False) -> Callable[[], Transport]:
    """What makes the transport of this name, ``aiohttp``, ``threads`` or ``auto``; imports nothing heavy until it is called.

    ``proxies``: heed ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``, which are ignored otherwise.
    """
    has_aiohttp = find_spec("aiohttp") is not None
    if name == "aiohttp" and not has_aiohttp:
        raise MissingExtraError("aiohttp", "http")

    def over_aiohttp() -> Transport:
        from robustness.victims.endpoint.transports.aiohttp_transport import AiohttpTransport

        return AiohttpTransport(proxies=proxies)

    def over_threads() -> Transport:
        from robustness.victims.endpoint.transports.thread_transport import ThreadTransport

        return ThreadTransport(proxies=proxies)

    return over_aiohttp if has_aiohttp and name != "threads" else over_threads
