"""Google's credentials: what is asked of the token endpoint, and where credentials are found."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from google_credentials import LOGIN, account, signing_key
from waystation.errors import CredentialRejected
from waystation.providers.google_vertex.credentials import (
    AuthorizedUser,
    ServiceAccount,
    UnusableCredentialsError,
    application_default,
    read_credentials,
)


def decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def test_a_service_account_signs_an_assertion_for_its_own_token_uri() -> None:
    credentials = read_credentials(json.dumps(account()))
    assert isinstance(credentials, ServiceAccount)

    form = parse_qs(credentials.form(1_700_000_000.9).decode())
    head, claims, signature = form["assertion"][0].split(".")

    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "fake-id"}
    assert json.loads(decoded(claims)) == {
        "iss": "robot@acme.example",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://tokens.example/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    signing_key().public_key().verify(decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())


def test_a_login_is_a_refresh_token() -> None:
    credentials = read_credentials(json.dumps(LOGIN))
    assert isinstance(credentials, AuthorizedUser)

    assert credentials.project_id == "q"
    assert parse_qs(credentials.form(0).decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["c"],
        "client_secret": ["s"],
        "refresh_token": ["r"],
    }


def test_secrets_are_in_no_repr() -> None:
    assert "PRIVATE KEY" not in repr(read_credentials(json.dumps(account())))
    assert "'r'" not in repr(read_credentials(json.dumps(LOGIN)))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type": "external_account"}', '{"type": "service_account"}']
)
def test_what_is_no_credential_is_told_to_the_operator(text: str) -> None:
    with pytest.raises(UnusableCredentialsError, match="JSON key"):
        read_credentials(text)


def test_a_key_that_cannot_sign_is_rejected() -> None:
    with pytest.raises(CredentialRejected):
        ServiceAccount("robot@acme.example", "no key").form(0)


def test_the_machines_own_credentials_are_found(tmp_path: Path) -> None:
    named = tmp_path / "key.json"
    named.write_text(json.dumps(account()))
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text(json.dumps(LOGIN))

    assert isinstance(application_default({"GOOGLE_APPLICATION_CREDENTIALS": str(named)}), ServiceAccount)
    assert isinstance(application_default({"HOME": str(tmp_path)}), AuthorizedUser)
    assert isinstance(application_default({"CLOUDSDK_CONFIG": str(folder)}), AuthorizedUser)
    assert application_default({}) is None
    assert application_default({"HOME": str(named.parent / "none")}) is None
    with pytest.raises(UnusableCredentialsError, match="readable"):
        application_default({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")})
