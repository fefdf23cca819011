"""Tests the deployed API with the documented requests, and the operator's command against its table."""

import json

TOKEN = "gDybLx3yrUK_HLp3qPjS"
DMG = {"id": 1, "name": "awesome-v0.2.dmg", "url": "http://192.168.10.15:3000", "external": True}


def documented(body):
    """Returns the fields that the documentation shows, which are the first four."""
    return dict(list(json.loads(body).items())[:4])


def test_documented_requests_return_the_documented_responses(deployment, tmp_path):
    deployment.admin("project", "create", "--id", "24", "--path", "group/app", "--visibility", "private")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    deployment.admin("token", "create", "--label", "documentation", "--grant", "24=developer", "--token-file", str(token))
    links = "/api/v4/projects/24/releases/v0.1/assets/links"
    header = ["--header", f"PRIVATE-TOKEN: {TOKEN}"]
    create = ["--data", "name=awesome-v0.2.dmg", "--data", "url=http://192.168.10.15:3000"]
    requests = [
        ("POST", links, create, 201, DMG),
        ("GET", links, [], 200, [DMG]),
        ("GET", f"{links}/1", [], 200, DMG),
        ("PUT", f"{links}/1", ["--data", "name=new name"], 200, {**DMG, "name": "new name"}),
        ("DELETE", f"{links}/1", [], 200, {**DMG, "name": "new name"}),
    ]
    for method, path, data, expected_status, expected in requests:
        status, body = deployment.curl(path, "--request", method, *header, *data)
        print(f"{method} {path}\n  {status} {body}")
        assert status == expected_status
        if isinstance(expected, list):
            assert [documented(json.dumps(link)) for link in json.loads(body)] == expected
        else:
            assert documented(body) == expected
    assert deployment.curl(links) == (404, '{"message":"404 Project Not Found"}')


def test_encoded_paths_pass_through_the_gateway(deployment):
    deployment.admin("project", "create", "--id", "25", "--path", "group/sub/app", "--visibility", "public")
    token = deployment.admin("token", "create", "--label", "ci", "--grant", "all=developer").strip()
    links = "/api/v4/projects/group%2Fsub%2Fapp/releases/rel%2F1.0/assets/links"
    create = ["--data", "name=a", "--data", "url=https://e.com/a", "--data", "filepath=/bin/app"]
    status, body = deployment.curl(links, "--header", f"Authorization: Bearer {token}", *create)
    assert (status, json.loads(body)["id"]) == (201, 1), body
    status, body = deployment.curl("/api/v4/projects/25/releases/rel%2F1.0/assets/links/1")
    assert (status, json.loads(body)["name"]) == (200, "a"), body
    permanent = "/group/sub/app/-/releases/rel%2F1.0/downloads/bin/app"
    status, location = deployment.curl(permanent, "--output", "/dev/null", "--write-out", "%{redirect_url}\n%{http_code}")
    assert (status, location) == (302, "https://e.com/a")


def test_a_revoked_token_is_listed_as_revoked(deployment):
    deployment.admin("token", "create", "--label", "lost", "--grant", "all=guest")
    deployment.admin("token", "revoke", "lost")
    tokens = json.loads(deployment.admin("token", "list", "--json"))
    assert [token["state"] for token in tokens if token["label"] == "lost"] == ["revoked"]
