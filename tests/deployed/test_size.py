"""Checks the size of the bootstrap that `sam build` produces for the upload."""

import zlib

from conftest import BUILD

MAX_BYTES = 6_500_000
MAX_ZIPPED_BYTES = 3_000_000


def test_bootstrap_size_is_within_its_limits():
    bootstrap = (BUILD / "Function/bootstrap").read_bytes()
    zipped = len(zlib.compress(bootstrap))
    print(f"bootstrap: {len(bootstrap)} bytes, {zipped} zipped")
    assert len(bootstrap) <= MAX_BYTES
    assert zipped <= MAX_ZIPPED_BYTES
