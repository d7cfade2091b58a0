"""Credentials in Google's shapes, with a key made for this run: obviously of nobody."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LOGIN = {
    "type": "authorized_user",
    "client_id": "c",
    "client_secret": "s",
    "refresh_token": "r",
    "quota_project_id": "q",
}


@cache
def signing_key() -> RSAPrivateKey:
    """The account's key."""
    return generate_private_key(65537, 2048)


def account(token_uri: str = "https://tokens.example/token") -> dict[str, str]:
    """A service account's JSON."""
    pem = signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "fake-id",
        "private_key": pem.decode(),
        "client_email": "robot@acme.example",
        "client_id": "1",
        "token_uri": token_uri,
    }
