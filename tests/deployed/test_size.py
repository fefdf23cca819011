"""What is uploaded, as `sam build` makes it."""

import zlib

from conftest import ROOT

MAX_BYTES = 6_000_000
MAX_ZIPPED_BYTES = 2_800_000


def test_the_bootstrap_stays_small():
    bootstrap = (ROOT / ".aws-sam/build/Function/bootstrap").read_bytes()
    zipped = len(zlib.compress(bootstrap))
    print(f"bootstrap: {len(bootstrap)} bytes, {zipped} zipped")
    assert len(bootstrap) <= MAX_BYTES
    assert zipped <= MAX_ZIPPED_BYTES
