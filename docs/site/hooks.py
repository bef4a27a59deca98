"""What mkdocs adds to the pages of ``docs/``: notebooks with results, the zoo's page, C++ headers.

Notebooks are executed when the site is built, each in a folder that is removed; a failing one ends the build.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

from gcv_edge.zoo_page import format_zoo_page

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "cpp" / "include" / "gcv_edge"
PROJECT = {"CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changelog", "SECURITY.md": "security"}
"""Pages of the repository's root, and what they are called below ``project/``."""

PATIENCE = 300
"""Seconds that a cell of a notebook may take."""

ZOO_FRAME = """# GluonCV's zoo, to look through

<iframe class="zoo" src="zoo-frame.html" title="GluonCV's zoo on a CPU"></iframe>

[Open it alone](zoo-frame.html), or write it: `gcv-edge list --html zoo.html`.
[All figures](zoo.md) are in tables.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made of other files than those of ``docs/``."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(notebook)
        for path, content in run_notebook(Path(str(notebook.abs_src_path)), notebook.src_uri):
            files.append(File.generated(config, path, content=content))
    files.append(File.generated(config, "zoo-frame.html", content=format_zoo_page()))
    files.append(File.generated(config, "zoo-page.md", content=ZOO_FRAME))
    files.append(File.generated(config, "reference/cpp.md", content=write_headers()))
    for name, title in PROJECT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, f"project/{title}.md", content=move_links(text)))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the pages that notebooks become."""
    config.nav = rename(config.nav)
    return config


def rename(entry: Any) -> Any:
    """Put pages in the place of notebooks."""
    if isinstance(entry, list):
        return [rename(one) for one in entry]
    if isinstance(entry, dict):
        return {title: rename(one) for title, one in entry.items()}
    return re.sub(r"\.ipynb$", ".md", entry)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links to notebooks and to the pages of the repository's root lead to what is made of them."""
    markdown = re.sub(r"(\]\(notebooks/\w+)\.ipynb\)", r"\1.md)", markdown)
    for name, title in PROJECT.items():
        markdown = markdown.replace(f"](../{name}", f"](project/{title}.md")
    return markdown


def move_links(text: str) -> str:
    """Make a page of the repository's root one that lies in ``docs/project/``."""
    for name, title in PROJECT.items():
        text = text.replace(f"]({name}", f"]({title}.md")
    return text.replace("](docs/", "](../")


def run_notebook(path: Path, uri: str) -> Iterator[tuple[str, str | bytes]]:
    """Execute a notebook; give its page, the pictures of the page, and the notebook itself."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="gcv-edge.") as root:
        folder = Path(root) / "docs" / "notebooks"  # as in a checkout, whose files it may read
        folder.mkdir(parents=True)
        (Path(root) / "examples").symlink_to(ROOT / "examples")
        place = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=place).execute()
    stem = uri.removesuffix(".ipynb")
    name = Path(stem).name
    page, resources = MarkdownExporter().from_notebook_node(
        notebook, resources={"output_files_dir": f"{name}_files", "unique_key": name}
    )
    yield f"{stem}.md", f"{page}\n[This page as a notebook]({name}.notebook.ipynb)\n"
    yield f"{stem}.notebook.ipynb", path.read_bytes()
    for picture, content in resources["outputs"].items():
        yield f"{Path(uri).parent.as_posix()}/{picture}", content


def write_headers() -> str:
    """Return a page of the C++ library's public headers, without what is private in them."""
    parts = [
        "# The C++ headers",
        "What programs include, one header per class, as `#include <gcv_edge/detector.h>`. "
        "[The C++ library](../cpp.md) explains them.",
    ]
    for path in sorted(HEADERS.glob("*.h")):
        parts.append(f"## {path.name}\n\n```cpp\n{public_part(path.read_text(encoding='utf-8'))}\n```")
    return "\n\n".join(parts) + "\n"


def public_part(text: str) -> str:
    """Return a header without its guard, includes and private sections."""
    kept = re.sub(r"\n private:\n.*?(?=\n};)", "", text, flags=re.DOTALL)
    kept = re.sub(r"^#(?:pragma once|include).*\n", "", kept, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", kept).strip()
