"""Writes the picture for the README. Only `make picture` runs it."""

import os

import chromium
from local_service import ROOT


def test_the_picture_is_written(pages):
    chromium.run("picture.mjs", url=pages["release"], path=str(ROOT / os.environ["PICTURE"]))
