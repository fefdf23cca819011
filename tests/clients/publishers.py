"""Publishes v1.2.0 with each tool, as docs/release-tools.md describes."""

from local_service import TOKEN
from recipes import GLAB, NODE, PYTHON, recipe

# Replaces ssh: runs the command for the remote repository on the folder `origin` beside the script.
SSH = """#!/bin/sh
for command; do :; done
exec sh -c "${command%%\\'*} '$(dirname "$0")/origin'"
"""


def commit(place):
    """Makes the repository group/app on a Git server, with a feature after v1.1.9."""
    place.write("ssh", SSH, 0o700)
    place.environment |= {
        "GIT_SSH_COMMAND": str(place.folder / "ssh"), "GITLAB_TOKEN": TOKEN,
        "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@e.com", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@e.com",
    }
    place.run("""
        git init --quiet --bare --initial-branch=main origin
        git init --quiet --initial-branch=main
        echo origin >> .git/info/exclude
        git remote add origin git@git.example.com:group/app.git
        git add . && git commit --quiet --message "chore: settings" && git tag v1.1.9
        git commit --quiet --allow-empty --message "feat: faster"
        git push --quiet --set-upstream origin main v1.1.9
    """)


def curl(place):
    place.run(recipe("curl", "sh", "curl "), TOKEN=TOKEN)


def glab(place):
    place.environment |= place.sign_in_with_glab(TOKEN)
    place.run(recipe("glab", "sh", "glab release create"), GLAB)


def semantic_release(place):
    place.write(".releaserc.json", recipe("semantic-release", "json"))
    commit(place)
    place.run("semantic-release --no-ci", NODE)


def publish_links(place):
    place.write("publish-links.sh", recipe("curl", "sh", "#!/bin/sh"), 0o700)


def release_it(place):
    place.write(".release-it.json", recipe("release-it", "json"))
    publish_links(place)
    commit(place)
    place.run("release-it minor --ci", NODE)


def python_semantic_release(place):
    # The page says that an http URL needs this setting.
    place.write("pyproject.toml", recipe("python-semantic-release", "toml") + "insecure = true\n")
    publish_links(place)
    commit(place)
    place.run(recipe("python-semantic-release", "sh"), PYTHON)


PUBLISHERS = [curl, glab, semantic_release, release_it, python_semantic_release]
