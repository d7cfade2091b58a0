import pytest
from msgspec.structs import replace

from waystation.accounts.grants import Challenge, Grant, check_method, check_signer, check_verifier
from waystation.accounts.keys import account_of
from waystation.errors import Forbidden, InvalidRequest

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The example of RFC 7636, appendix B."""
S256 = Challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256")
USER = account_of("test-key", name="User", is_management=False, created_at=1)


def test_the_example_of_the_rfc() -> None:
    assert S256.is_met_by(VERIFIER)
    assert not S256.is_met_by(VERIFIER[:-1])
    assert not S256.is_met_by(S256.text)


def test_a_plain_challenge_is_its_own_verifier() -> None:
    assert Challenge("pläin", "plain").is_met_by("pläin")
    assert not Challenge("plain", "plain").is_met_by("Plain")


@pytest.mark.parametrize("verifier", [None, "", "wrong"])
def test_who_cannot_meet_the_challenge_is_refused(verifier: str | None) -> None:
    with pytest.raises(Forbidden):
        check_verifier(Grant("App", challenge=S256), verifier)


def test_without_a_challenge_nothing_is_to_be_met() -> None:
    check_verifier(Grant("App"), None)
    check_method(Grant("App"), None)


def test_a_verifier_where_no_challenge_was_asked_for_is_refused() -> None:
    """RFC 9700, 2.1.1: the challenge was taken out on the way."""
    with pytest.raises(Forbidden):
        check_verifier(Grant("App"), VERIFIER)


def test_the_method_is_the_one_of_the_challenge_or_unsaid() -> None:
    check_method(Grant("App", challenge=S256), "S256")
    check_method(Grant("App", challenge=S256), None)
    for grant in (Grant("App", challenge=S256), Grant("App")):
        with pytest.raises(InvalidRequest):
            check_method(grant, "plain")


def test_keys_that_are_limited_give_none() -> None:
    check_signer(USER)
    check_signer(replace(USER, is_management=True))
    limited = (
        replace(USER, limit=1),
        replace(USER, expires_at=10**15),
        replace(USER, origin="oauth"),
        replace(USER, parent_hash="a" * 64),
    )
    for account in limited:
        with pytest.raises(Forbidden):
            check_signer(account)
