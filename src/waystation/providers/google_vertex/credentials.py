"""The credentials Google hands out as JSON: a service account's key, or what `gcloud auth application-default login` writes.

Knows how each is turned into the form that its token endpoint takes, and sends nothing itself.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlencode

from msgspec import DecodeError, Struct, ValidationError, json

from waystation.errors import CredentialRejected

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
LIFETIME: Final = 3600
"""Seconds an assertion may be valid at the most."""
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class ServiceAccount(Struct, frozen=True, tag="service_account", tag_field="type"):
    """A service account's key: it signs an assertion for a token (RFC 7523)."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = TOKEN_URI
    project_id: str = ""

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email})"

    def form(self, now: float) -> bytes:
        """The body of the token request; `now` in Unix seconds."""
        return urlencode({"grant_type": _GRANT, "assertion": self.assertion(now)}).encode()

    def assertion(self, now: float) -> str:
        """The signed JWT; `CredentialRejected` where the key cannot sign."""
        issued = int(now)
        header = {"alg": "RS256", "typ": "JWT", "kid": self.private_key_id}
        claims = {
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": issued,
            "exp": issued + LIFETIME,
        }
        signed = f"{_segment(json.encode(header))}.{_segment(json.encode(claims))}"
        return f"{signed}.{_segment(_signature(self.private_key, signed.encode()))}"


class AuthorizedUser(Struct, frozen=True, tag="authorized_user", tag_field="type"):
    """A person's own login, as a refresh token."""

    client_id: str
    client_secret: str
    refresh_token: str
    token_uri: str = TOKEN_URI
    quota_project_id: str = ""

    def __repr__(self) -> str:
        return "AuthorizedUser(***)"

    @property
    def project_id(self) -> str:
        """The project that pays."""
        return self.quota_project_id

    def form(self, now: float) -> bytes:
        """The body of the token request."""
        del now
        return urlencode(
            {
                "grant_type": "refresh_token",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "refresh_token": self.refresh_token,
            }
        ).encode()


Credentials: TypeAlias = ServiceAccount | AuthorizedUser
_DECODER: Final[json.Decoder[Credentials]] = json.Decoder(ServiceAccount | AuthorizedUser)


class UnusableCredentialsError(Exception):
    """Half a sentence for the operator: what to do about credentials that cannot be used."""


def read_credentials(text: str | bytes) -> Credentials:
    """The credentials in this JSON."""
    try:
        return _DECODER.decode(text)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError):
        raise UnusableCredentialsError(
            "give the JSON key of a service account, or the file of `gcloud auth application-default login`"
        ) from None


def application_default(environment: Mapping[str, str]) -> Credentials | None:
    """The credentials of the machine: the file that the variable names, else gcloud's own; None where there is neither."""
    named = environment.get("GOOGLE_APPLICATION_CREDENTIALS", "").strip()
    path = Path(named).expanduser() if named else _well_known(environment)
    if path is None or not (named or path.is_file()):
        return None
    try:
        text = path.read_bytes()
    except OSError:
        raise UnusableCredentialsError(
            "make the file readable that GOOGLE_APPLICATION_CREDENTIALS names"
        ) from None
    return read_credentials(text)


def _well_known(environment: Mapping[str, str]) -> Path | None:
    folder = environment.get("CLOUDSDK_CONFIG", "").strip()
    home = environment.get("HOME", "").strip()
    if not folder and not home:
        return None
    return (
        Path(folder) if folder else Path(home, ".config", "gcloud")
    ) / "application_default_credentials.json"


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(pem: str, data: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256. Imported here: most gateways never sign."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # Proving that the factors are primes takes 40 ms, of the operator's own key, each time: it is not asked for.
        key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        signature = key.sign(data, PKCS1v15(), SHA256()) if isinstance(key, RSAPrivateKey) else b""
    except (ValueError, TypeError):
        signature = b""
    if not signature:
        raise CredentialRejected("The gateway's credential cannot be used.")
    return signature
