"""Checks the size of the bootstrap that `sam build` produces for the upload."""

import re
import zlib

from conftest import BUILD, ROOT

# `make bench` has the limits, so that they stand in one place.
LIMITS = (ROOT / "dev/tools/src/bin/bench/size.rs").read_text()


def limit(name):
    """A limit of `make bench`, in bytes."""
    return int(re.search(rf"const {name}: usize = ([0-9_]+);", LIMITS)[1])


def test_bootstrap_size_is_within_its_limits():
    bootstrap = (BUILD / "Function/bootstrap").read_bytes()
    zipped = len(zlib.compress(bootstrap))
    print(f"bootstrap: {len(bootstrap)} bytes, {zipped} zipped")
    assert len(bootstrap) <= limit("MAX_BYTES")
    assert zipped <= limit("MAX_ZIPPED")
