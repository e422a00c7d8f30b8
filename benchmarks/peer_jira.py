"""The jira library on the same issues: its enhanced search with changelogs, every issue touched. Run by `run`, in our
own environment. Its own retries are off."""

from __future__ import annotations

import json
import sys

from jira import JIRA

from benchmarks.jira_loop import FIELDS


def main() -> None:
    login = ("agent@example.net", "benchmark")
    client = JIRA(sys.argv[1], basic_auth=login, options={"rest_api_version": "3"}, max_retries=0)
    jql = 'project in ("BENCH") ORDER BY updated ASC, key ASC'
    found = client.enhanced_search_issues(jql, maxResults=0, fields=list(FIELDS), expand="changelog", use_post=True)
    touched = (issue.fields.summary and issue.fields.status.name and issue.changelog.histories for issue in found)
    print(json.dumps({"tickets": sum(1 for histories in touched if histories is not None)}))


if __name__ == "__main__":
    main()
