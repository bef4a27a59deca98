"""Write exporters/mxnet/zoo_signatures.py: python -m tests.sweep.make_signatures. Needs the extra [mxnet]."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.mxnet.compat import import_gluoncv
from gcv_edge.exporters.mxnet.guessing import sign
from gcv_edge.exporters.mxnet.zoo_blocks import build_block

TARGET = Path(__file__).resolve().parents[2] / "exporters" / "mxnet" / "zoo_signatures.py"

HEADER = '''"""Networks of GluonCV 0.10.5's zoo by the signature of their parameter names (see guessing.py).

Written by tests/sweep/make_signatures.py.
"""

from __future__ import annotations

'''


def main() -> None:
    """Sign every network that can be built."""
    gluoncv = import_gluoncv()
    found = defaultdict(list)
    for name in sorted(gluoncv.model_zoo.get_model_list()):
        if name.endswith("_int8") or name.startswith("custom_"):
            continue
        try:
            block = build_block(gluoncv, name, ("class_0",) if "custom" in name else ())
        except GcvEdgeError as error:
            print(error)
            continue
        found[sign(block._collect_params_with_prefix())].append(name)
    TARGET.write_text(HEADER + "SIGNATURES = {\n" + "".join(map(format_row, sorted(found.items()))) + "}\n")


def format_row(row: tuple[str, list[str]]) -> str:
    """Spell an entry of the table."""
    signature, names = row
    line = f'    "{signature}": "{" ".join(names)}",\n'
    if len(line) <= 110:
        return line
    parts = "".join(f'        "{name} "\n' for name in names[:-1]) + f'        "{names[-1]}"\n'
    return f'    "{signature}": (\n{parts}    ),\n'


if __name__ == "__main__":
    main()
