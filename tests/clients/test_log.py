"""What the real function writes to its log at the most talkative level there is."""

import subprocess

from conftest import TOKEN, free_port, start, stop


def test_a_token_is_not_logged(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), LOG_LEVEL="trace")
    printed = len(service.lines)
    links = f"{service.url}/api/v4/projects/24/releases/v0.1/assets/links"
    for arguments in [
        ["--header", f"PRIVATE-TOKEN: {TOKEN}", "--data", "name=a", "--data", "url=http://a", links],
        ["--header", f"Authorization: Bearer {TOKEN}", links],
        [f"{links}?private_token={TOKEN}"],
        ["--data", f"private_token={TOKEN}", "--data", "name=a", "--data", "url=http://a", links],
        ["--header", f"PRIVATE-TOKEN: {TOKEN}-junk", links],
    ]:
        subprocess.run(["curl", "-sS", "--max-time", "10", *arguments], capture_output=True, check=True)
    assert stop(service) == 0
    log = "\n".join(service.lines[printed:])
    assert log.count('"message":"request answered"') >= 5 and '"level":"DEBUG"' in log
    assert TOKEN not in log
