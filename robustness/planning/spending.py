"""What a victim behind an API is asked through: opened before its first request, closed after its last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import SpentError

if TYPE_CHECKING:
    from robustness.victims.endpoint.ledger import Spent
    from robustness.victims.endpoint.session import Session


@contextmanager
def spending_on(
    victim: Any,
    spending: Mapping[str, Any],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    already: Spent | None = None,
) -> Iterator[Session | None]:
    """What a victim behind an API is asked through; None for any other. ``already``: spent on others under the same caps.

    Raises:
        UsageError: caps, prices or a cassette that cannot be used; ``RunError`` where a file of the run to be
            continued was edited.
    """
    from robustness.victims import is_endpoint
    from robustness.victims.endpoint.session import open_session, refuse_spending

    if not is_endpoint(victim):
        refuse_spending(victim, spending)
        yield None
        return
    if out is not None and resume and spending.get("cassette") is None:
        from reports.run.seal import reopen
        from robustness.victims.endpoint.cassette import FILE

        reopen(Path(out), FILE)  # it grows from here on, before the run itself is continued
    session = open_session(str(victim).partition("#")[2], spending, out, already=already)
    try:
        yield session
    except SpentError as error:
        session.ended(str(error))
        raise
    finally:
        session.close()


def billed(victim: Any, rewriter: str | None) -> Any:
    """Whose prices and caps hold: the victim's, or those of the first rewriter behind an API where the victim is behind none.

    Both share one ledger and one cassette; prices are those of one model.
    """
    from robustness.victims import is_endpoint

    asked = (part.strip() for part in (rewriter or "").split(" + "))
    return victim if is_endpoint(victim) else next(filter(is_endpoint, asked), victim)
