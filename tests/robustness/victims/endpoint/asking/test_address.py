"""URLs in every usual form, and keys that go nowhere they should not."""

from __future__ import annotations

import pytest

from reports.files.secrets import redact
from robustness.errors import UsageError
from robustness.victims import refuse_local_code
from robustness.victims.endpoint.asking.address import Api, address_of, headers_of

SPEC = "openai:URL#MODEL"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions"),
        ("http://localhost:11434/", "http://localhost:11434/v1/chat/completions"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1/chat/completions"),
        ("https://x.example/v1/chat/completions", "https://x.example/v1/chat/completions"),
        (
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_a_url_is_asked_where_its_server_listens(url: str, expected: str) -> None:
    found = address_of(f"{url}#m", "chat", SPEC)
    assert found.url == expected
    assert found.model == "m"
    assert "?" not in found.shown


@pytest.mark.parametrize(
    ("rest", "api", "message"),
    [
        ("http://127.0.0.1:8080", "chat", "no model"),
        ("127.0.0.1:8080#m", "chat", "begins with http:// or https://"),
        ("ftp://x.example#m", "chat", "begins with http:// or https://"),
        ("https://user:hunter22@x.example#m", "chat", "holds a user or a password"),
        ("https://x.example/v1?api_key=hunter22#m", "chat", "holds api_key=…"),
        ("https://x.example/v1/responses#m", "chat", "is the address of responses"),
        ("https://x.example:99999999#m", "chat", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_meant_or_holds_a_secret_is_refused_without_quoting_it(rest: str, api: Api, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        address_of(rest, api, SPEC)
    assert "hunter22" not in str(caught.value)


def test_the_key_comes_from_the_environment_and_a_server_of_this_machine_is_sent_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefgh1")
    monkeypatch.setenv("MY_OWN", "canary-of-a-header")
    far, near = (address_of(f"{url}#m", "chat", SPEC) for url in ("https://x.example", "http://localhost:1"))
    assert headers_of(far) == {"Authorization": "Bearer sk-abcdefgh1"}
    assert headers_of(near) == {}
    assert headers_of(near, key_env="OPENAI_API_KEY") == {"Authorization": "Bearer sk-abcdefgh1"}
    azure = address_of("https://x.openai.azure.com/openai/deployments/d#m", "chat", SPEC)
    assert headers_of(azure) == {"api-key": "sk-abcdefgh1"}
    assert headers_of(far, header=["X-Own=$MY_OWN"], key_env="none") == {"X-Own": "canary-of-a-header"}
    assert "canary" not in redact("the server said: canary-of-a-header is wrong")


def test_a_key_goes_over_no_open_network_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefgh1")
    open_ = address_of("http://10.0.0.7:8000#m", "chat", SPEC)
    with pytest.raises(UsageError, match="unencrypted"):
        headers_of(open_)
    assert headers_of(open_, key_env="none") == {}
    assert headers_of(open_, allow_plain_http=True)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"key_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE, which is not set"),
        ({"header": ["Authorization: Bearer sk-abcdefgh1"]}, "never from the command line"),
        ({"header": ["X-Own=sk-abcdefgh1"]}, "never from the command line"),
        ({"header": ["X-Own=sk_abcdefgh1"]}, "which is not set"),
        ({"key_env": "sk-abcdefgh1"}, "which is not set"),
        ({"header": ["Host=PATH"]}, "cannot be set"),
    ],
)
def test_a_value_that_is_no_variable_is_refused_without_quoting_it(how: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        headers_of(address_of("https://x.example#m", "chat", SPEC), **how)  # type: ignore[arg-type]
    assert "abcdefgh1" not in str(caught.value)


@pytest.mark.parametrize("spec", ["openai:https://x.example#m", "responses:https://x.example#m", "http:mine.toml"])
def test_a_file_in_a_repository_chooses_no_server_that_is_sent_a_key(spec: str) -> None:
    """Whoever can write the policy file, in a pull request, say, could have the key of the build sent to a server of theirs."""
    with pytest.raises(UsageError, match="is sent a key"):
        refuse_local_code(spec, "robustness.toml", allowed=False)
    refuse_local_code(spec, "robustness.toml", allowed=True)
