"""What the API may say beside an issue: comments, and properties of issues and comments. Called by `routes`, `writes`.

A comment is public unless its sd.public.comment property says otherwise in the same call.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.http.answers import Answer, told
from sandbox.jira import intake
from sandbox.jira.answers import invalid, invalid_fields
from sandbox.jira.call import Call
from sandbox.jira.documents import as_wiki
from sandbox.jira.effects import enter
from sandbox.jira.records import Change, Comment, Issue, item
from sandbox.jira.view import SD_COMMENT

JSON = Any
PROPERTY_CHARACTERS = 32_768


# comments


def comment(call: Call) -> Answer:
    """POST /issue/{id}/comment: public unless its property says otherwise."""
    issue = call.issue()
    made = made_comment(call, issue, call.body)
    add_comment(call, issue, made)
    return told(call.view.comment(issue, made, expand=call.query("expand", "properties")), 201)


def add_comment(call: Call, issue: Issue, made: Comment) -> None:
    call.jira.update(issue, Change(call.actor, {}, made))
    enter(call, "comment.add", issue, marker=made.properties, comment=comment_told(made))


def made_comment(call: Call, issue: Issue, given: dict[str, JSON]) -> Comment:
    try:
        body = intake.rich(call.view, given.get("body"))
    except intake.Wrong as wrong:
        raise invalid_fields({"comment": str(wrong)}) from None
    if not as_wiki(body):
        raise invalid_fields({"comment": "Comment body can not be empty!"})
    properties = properties_in(given.get("properties"))
    visibility = _visibility(call, given.get("visibility"))
    public = not (properties.get(SD_COMMENT) or {}).get("internal", False)
    return call.jira.new_comment(issue, call.actor, body, public=public, visibility=visibility, properties=properties)


def _visibility(call: Call, given: JSON) -> JSON:
    """A group or role that the author is in; any other is refused."""
    if not given:
        return None
    name = given.get("value") or given.get("identifier")
    mine = call.jira.our_groups if given.get("type") == "group" else call.jira.our_roles
    if name not in mine:
        raise invalid_fields({"commentLevel": f"You are currently not a member of the {given.get('type')}: {name}."})
    return {"type": given["type"], "value": name}


def comment_told(made: Comment | None) -> JSON:
    if made is None:
        return None
    body = as_wiki(made.body)
    return {"id": made.number, "body": body, "public": made.public, "properties": made.properties,
            "visibility": made.visibility}  # fmt: skip


def edit_comment(call: Call) -> Answer:
    """PUT /issue/{id}/comment/{id}."""
    issue, found = call.issue(), find_comment(call)
    made = made_comment(call, issue, call.body)
    properties = {**found.properties, **made.properties}
    moment = made.created
    anew = msgspec.structs.replace(
        found, body=made.body, updated=moment, update_author=call.actor, properties=properties,
        visibility=made.visibility or found.visibility,
        public=made.public if SD_COMMENT in made.properties else found.public,
    )  # fmt: skip
    replace_comment(issue, found, anew)
    call.jira.touch(issue, moment)
    enter(call, "comment.edit", issue, marker=made.properties, comment=comment_told(anew))
    return told(call.view.comment(issue, anew))


def delete_comment(call: Call) -> Answer:
    """The changelog keeps that it was there, and its words."""
    issue, found = call.issue(), find_comment(call)
    issue.comments = tuple(one for one in issue.comments if one is not found)
    line = item("Comment", "jira", str(found.number), as_wiki(found.body), None, None, "comment")
    call.jira.file(issue, call.actor, [line])
    enter(call, "comment.delete", issue, marker=found.properties, comment=comment_told(found))
    return Answer(204)


def find_comment(call: Call) -> Comment:
    for one in call.issue().comments:
        if str(one.number) == call.parts[1]:
            return one
    raise invalid(f"Can not find a comment for the id: {call.parts[1]}.", 404)


def replace_comment(issue: Issue, old: Comment, new: Comment) -> None:
    issue.comments = tuple(new if one is old else one for one in issue.comments)


# properties


def set_property(call: Call) -> Answer:
    """PUT /issue/{id}/properties/{key}: 201 when new, 200 when replaced; `updated` does not move."""
    issue, key, value = call.issue(), call.parts[1], _property(call)
    fresh, same = key not in issue.properties, issue.properties.get(key) == value
    issue.properties = issue.properties | {key: value}
    call.jira.index.changed(issue)
    if fresh or not same:
        enter(call, "property.set", issue, marker={key: value}, anyway=True)
    return nothing(201 if fresh else 200)


def delete_property(call: Call) -> Answer:
    issue, key = call.issue(), call.parts[1]
    if key not in issue.properties:
        raise invalid("The property does not exist.", 404)
    issue.properties = {name: value for name, value in issue.properties.items() if name != key}
    call.jira.index.changed(issue)
    enter(call, "property.delete", issue, marker={key: None}, anyway=True)
    return Answer(204)


def set_comment_property(call: Call) -> Answer:
    """PUT /comment/{id}/properties/{key}. Setting sd.public.comment afterwards does change who can read it."""
    issue, found = comment_anywhere(call)
    key, value = call.parts[1], _property(call)
    fresh = key not in found.properties
    public = not value.get("internal", False) if key == SD_COMMENT else found.public
    anew = msgspec.structs.replace(found, properties=found.properties | {key: value}, public=public)
    replace_comment(issue, found, anew)
    enter(call, "property.set", issue, marker={key: value}, comment=comment_told(anew))
    return nothing(201 if fresh else 200)


def nothing(status: int) -> Answer:
    return Answer(status, content_type="")


def comment_anywhere(call: Call) -> tuple[Issue, Comment]:
    for issue in call.jira.issues.values():
        for one in issue.comments:
            if str(one.number) == call.parts[0] and call.sees(issue):
                return issue, one
    raise invalid(f"Can not find a comment for the id: {call.parts[0]}.", 404)


def _property(call: Call) -> JSON:
    value = call.any_body
    if not call.request.body:
        raise invalid("The property value must be a valid, non-empty JSON.")
    _small(value)
    return value


def _small(value: JSON) -> None:
    if len(msgspec.json.encode(value)) > PROPERTY_CHARACTERS:
        raise invalid(f"The property value is too long. The maximum is {PROPERTY_CHARACTERS} characters.")


def properties_in(given: JSON) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for one in given or []:
        if not isinstance(one, dict) or "key" not in one:
            raise invalid("Each property needs a key and a value.")
        _small(one.get("value"))
        found[one["key"]] = one.get("value")
    return found
