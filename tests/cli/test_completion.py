"""What bash and zsh complete, by the scripts that click makes for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gcv_edge.store import remember
from tests.cli.conftest import environment
from tests.support.demo_files import DEMO

BASH = """\
eval "$(_GCV_EDGE_COMPLETE=bash_source gcv-edge)" || exit
compopt() { echo FILES; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_gcv_edge_completion gcv-edge
for word in "${COMPREPLY[@]}"; do echo "$word"; done
"""
ZSH = """\
compdef() { [[ "$*" == "_gcv_edge_completion gcv-edge" ]]; }
_path_files() { echo FILES; }
_describe() { print -l "${(@)completions_with_descriptions%%:*}"; }
compadd() { print -l "$completions[@]"; }
eval "$(_GCV_EDGE_COMPLETE=zsh_source gcv-edge)" || exit
words=("$@") CURRENT=$#
_gcv_edge_completion
"""
"""What a shell does when the last word is to be completed; files are the shell's own business."""

FILES = ["FILES"]
CASES = {
    ("ex",): ["export"],
    ("export", "--nms", ""): ["runtime", "graph"],
    ("export", "yolo3_darknet53_v"): ["yolo3_darknet53_voc"],
    ("export", "net.json", "--classes", "a"): FILES,
    ("predict", "quick_st"): ["quick_street"],
    ("predict", "quick_street", "pic"): FILES,
}


@pytest.mark.parametrize("words", CASES, ids=" ".join)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_words_are_completed(shell: str, words: tuple[str, ...], tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    remember(DEMO / "town.jpg", "quick_street")  # any file: completion opens none
    command = tmp_path / "bin" / "gcv-edge"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom gcv_edge.__main__ import run\n\nrun()\n")
    command.chmod(0o755)
    script, flags = (BASH, ("--norc",)) if shell == "bash" else (ZSH, ("-f",))
    told = environment()
    told["PATH"] = f"{command.parent}:{told['PATH']}"
    finished = subprocess.run(
        [program, *flags, "-c", script, shell, "gcv-edge", *words], env=told, capture_output=True, text=True
    )
    assert (finished.stderr, sorted(finished.stdout.split())) == ("", sorted(CASES[words]))
