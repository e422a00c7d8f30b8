"""Signing in at an identity provider: OpenID Connect 1.0, authorization code flow with PKCE (RFC 7636).

Where we stand is a row of the store, known by a secret that the browser keeps meanwhile; nothing is believed but an ID
token signed by the issuer, for us, with our nonce. A person's role is what the settings say of their claim, at each
sign-in anew. Called by `pages.entering`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connector.commands.accounts import digest_of
from connector.console import entrance
from connector.console.entrance import same
from connector.console.errors import ForbiddenError, MissingError, StrangerError
from connector.console.house import House
from connector.credentials import SourceCredentials
from connector.http import session
from connector.model import JSON
from connector.roles import Rank
from connector.settings.web import SignInSettings
from connector.store import Transaction, access, sources
from connector.store.access import User

LASTS = timedelta(minutes=10)
LEEWAY_SECONDS = 60
BELIEVED_SECONDS = 3600.0
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_REFUSED = StrangerError("the identity provider's answer does not hold.", remedy="Sign in once more.")


def begin(house: House, address: str) -> tuple[str, str]:
    """(the provider's address to go to, the secret that the browser at `address` keeps until it is back). Raises
    TooManyError for a caller who goes off again and again, MissingError where there is no provider."""
    settings = _settings(house)
    entrance.prove_and_count(house.departures, address, house.clock(), "there were too many sign-ins from here.")
    found = _discovered(house, settings)
    secret, state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    now = house.place.wall()
    detail = {"state": state, "nonce": nonce, "verifier": verifier}
    with house.store.write("user: signing in") as connection:
        access.begin(connection, digest_of(secret), "oidc", now, now + LASTS, user_id=None, detail=detail)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": _back(house),
        "scope": " ".join(("openid", *settings.scopes)),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{found['authorization_endpoint']}?{urlencode(asked)}", secret


def finish(house: House, secret: str, *, state: str, code: str, issuer: str | None, address: str) -> str:
    """The secret of a new session. Raises StrangerError where the answer does not hold, ForbiddenError where no role is
    given to this person, TooManyError for a caller whose answers did not hold again and again."""
    settings = _settings(house)
    entrance.prove_and_count(house.callers, address, house.clock(), "there were too many tries from here.")
    kept = _begun(house, secret)
    if not same(state, kept["state"]) or not code or issuer not in (None, settings.issuer):
        raise _REFUSED
    user = _user(house, settings, _claims(house, settings, code, kept))
    house.callers.take_back(address)
    house.departures.take_back(address)
    return entrance.begin(house, user, address)


def _begun(house: House, secret: str) -> JSON:
    """What was noted when this browser went off; it is used up. Raises StrangerError."""
    digest = digest_of(secret)
    with house.store.read() as connection:
        begun = access.session(connection, digest, "oidc")
    if begun is None:
        raise _REFUSED
    with house.store.write("user: back") as connection:
        used = access.end(connection, digest)
    if not used or begun[0].ends_at <= house.place.wall():
        raise _REFUSED
    return begun[0].detail


def _settings(house: House) -> SignInSettings:
    if house.web.sign_in is None:
        raise MissingError("there is no identity provider.", remedy="Sign in with a password.")
    return house.web.sign_in


def _back(house: House) -> str:
    """Where the provider sends people back to: by the settings, never by what a request says of itself."""
    return f"{house.web.url or f'http://{house.web.address}:{house.web.port}'}/sign-in/back"


def _discovered(house: House, settings: SignInSettings) -> dict[str, str]:
    """What the provider says of itself; believed for a while, so that coming and going here costs it little, and only
    of the issuer that said it: the settings may name another one by now."""
    known = house.known_provider
    if known is not None and known[1]["issuer"] == settings.issuer and house.clock() - known[0] < BELIEVED_SECONDS:
        return known[1]
    found = _asked(settings)
    house.known_provider = (house.clock(), found)
    return found


def _asked(settings: SignInSettings) -> dict[str, str]:
    with session("sign-in") as http:
        answer = http.get(f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration")
    found: JSON = answer.json() if answer.ok else {}
    if not isinstance(found, dict) or found.get("issuer") != settings.issuer:
        raise StrangerError("the identity provider does not say who it is.", remedy="An admin has to look at `issuer`.")
    return found


def _claims(house: House, settings: SignInSettings, code: str, kept: JSON) -> dict[str, Any]:
    found = _discovered(house, settings)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _back(house),
        "client_id": settings.client_id,
        "code_verifier": kept["verifier"],
    }
    # As OAuth 2.0 (RFC 6749, 2.3.1) has it: both parts encoded as in a form, before they are made Basic.
    auth = (quote_plus(settings.client_id), quote_plus(_secret(settings))) if settings.client_secret else None
    with session("sign-in") as http:
        answer = http.post(found["token_endpoint"], data=form, auth=auth)
        keys = http.get(found["jwks_uri"])
    if not answer.ok or not keys.ok:
        raise _REFUSED
    try:
        said = answer.json()
        token = jwt.decode(said["id_token"], KeySet.import_key_set(keys.json()), algorithms=ALGORITHMS)
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(house.place.wall().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": kept["nonce"]},
        )
        rules.validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _REFUSED from error
    if settings.claim in token.claims:
        return token.claims
    return {**_told(found, said.get("access_token"), token.claims["sub"]), **token.claims}


def _told(found: dict[str, str], access_token: object, subject: str) -> dict[str, Any]:
    """What the provider says of the person when it is asked (OpenID Connect Core, 5.3): many put no groups and no
    address into the ID token where there is an access token. Raises StrangerError where it speaks of somebody else, or
    in a way that is not read here, such as signed (`application/jwt`)."""
    place = found.get("userinfo_endpoint")
    if place is None or not isinstance(access_token, str):
        return {}
    with session("sign-in") as http:
        answer = http.get(place, headers={"authorization": f"Bearer {access_token}"})
    try:
        claims = answer.json() if answer.ok else None
    except ValueError as error:
        kind = answer.headers.get("content-type", "nothing that names itself").partition(";")[0][:60]
        raise StrangerError(
            f"the identity provider tells who you are as {kind}, and JSON is what is read here.",
            remedy="An admin has to have its userinfo answer sent unsigned, as application/json.",
        ) from error
    if not isinstance(claims, dict) or not same(str(claims.get("sub")), subject):
        raise _REFUSED
    return claims


def _secret(settings: SignInSettings) -> str:
    assert settings.client_secret is not None
    return SourceCredentials("sign-in", {"secret": settings.client_secret}).current()["secret"]


def _user(house: House, settings: SignInSettings, claims: dict[str, Any]) -> User:
    """The person of these claims, made or brought up to date."""
    said = claims.get(settings.claim)
    values = said if isinstance(said, list) else [said]
    ranks = [settings.roles[one] for one in values if isinstance(one, str) and one in settings.roles]
    if not ranks:
        raise ForbiddenError("your account has no role here.", remedy="Ask an admin of this console for one.")
    rank = max(ranks, key=list(Rank).index)
    subject = f"{settings.issuer}#{claims['sub']}"
    with house.store.write("user: known") as connection:
        known = access.user(connection, subject=subject)
        if known is None:
            access.add_user(connection, _name(claims, subject), rank.value, house.place.wall(), subject=subject)
            sources.log(connection, house.place.now(), subject, "user: added", detail={"role": rank.value})
        elif known.role != rank or known.password is not None:
            access.change_user(connection, known.id, role=rank.value, password=None)
            _note_change(house, connection, known, rank)
        found = access.user(connection, subject=subject)
    assert found is not None
    return found


def _note_change(house: House, connection: Transaction, known: User, rank: Rank) -> None:
    """Who was given what by the provider's word, beside what admins change here."""
    for what, changed in (("role", known.role != rank), ("password", known.password is not None)):
        if changed:
            said = {"role": rank.value, "before": known.role} if what == "role" else {"password": "none any more"}
            detail = {"name": known.name, "by": "identity provider", **said}
            sources.log(connection, house.place.now(), known.name, f"user: {what} changed", detail=detail)


def _name(claims: dict[str, Any], subject: str) -> str:
    """By which people are called here. One who has a name of ours already keeps it: a provider's word takes nobody's
    place, so the name says where it is from."""
    said = claims.get("email") or claims.get("preferred_username") or claims["sub"]
    return f"{str(said)[:80]} ({hashlib.sha256(subject.encode()).hexdigest()[:6]})"
