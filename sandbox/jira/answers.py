"""The vendor's error bodies."""

from __future__ import annotations

from sandbox.http.answers import Answer, Refused

LOGIN_PAGE = (
    b"<!doctype html><html><head><title>Log in - Jira</title></head><body><form id='login-form'></form></body></html>"
)


def invalid(words: str, status: int = 400) -> Refused:
    return Refused(status, {"errorMessages": [words], "errors": {}})


def invalid_fields(errors: dict[str, str], status: int = 400) -> Refused:
    return Refused(status, {"errorMessages": [], "errors": errors})


def no_issue() -> Refused:
    return invalid("Issue does not exist or you do not have permission to see it.", 404)


def no_endpoint(path: str) -> Refused:
    return Refused(404, {"message": f"null for uri: {path}", "status-code": 404})


def forbidden() -> Refused:
    return invalid("You do not have the permission to do this.", 403)


def unauthorized(words: str = "Client must be authenticated to access this resource.") -> Refused:
    told = {"message": words, "status-code": 401}
    return Refused(
        401,
        told,
        {"WWW-Authenticate": 'OAuth realm="https%3A%2F%2Fsandbox"', "X-Seraph-LoginReason": "AUTHENTICATED_FAILED"},
    )


def login_page() -> Answer:
    return Answer(200, LOGIN_PAGE, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, "text/html;charset=UTF-8")


def captcha() -> Refused:
    headers = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://sandbox/login.jsp"}
    return Refused(403, {"message": "CAPTCHA required", "status-code": 403}, headers)
