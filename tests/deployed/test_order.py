"""Checks that the linker has placed the functions of a start before all others, as src/startup.ld tells it."""

import re
import subprocess

from conftest import BUILD

SHARE = 0.2
"""The least part of the code that a start runs. It was 0.34 when `make startup-order` was written."""


def sections(program):
    """The address and the size of each section."""
    output = subprocess.run(["readelf", "--sections", "--wide", program], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"\] (\.\S+) +\w+ +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) ", output)
    return {name: (int(address, 16), int(size, 16)) for name, address, size in found}


def check_order(program):
    found = sections(program)
    (start, start_size), (others, others_size) = found[".text.startup"], found[".text"]
    share = start_size / (start_size + others_size)
    print(f"{program.relative_to(BUILD.parent)}: {share:.0%} of the code is what a start runs")
    assert start < others and share > SHARE
    kind = subprocess.run(["readelf", "--file-header", program], check=True, capture_output=True, text=True).stdout
    assert "EXEC (Executable file)" in kind, "the program has a fixed address, so that a start need not relocate it"


def test_the_functions_of_a_start_come_first():
    check_order(BUILD / "Function/bootstrap")
