"""What ``gcv-edge predict`` lists: the same order every time, each picture once, whatever it is named by."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from gcv_edge.batch.sources import sorting
from gcv_edge.batch.sources.entries import parse_entry
from gcv_edge.batch.sources.listing import PictureListing
from gcv_edge.batch.sources.reading import EntryReader
from gcv_edge.errors import DataError
from tests.batch.conftest import ORDER, read_lines
from tests.cli.conftest import environment, failed, run


def listed(*names: str, column: str | None = None) -> list[str]:
    return [entry.name for entry in PictureListing(names, column)]


def test_a_folder_with_all_below_it(shop: Path) -> None:
    assert listed("shop") == [f"shop/{name}" for name in ORDER]
    assert listed(str(shop)) == [f"{shop}/{name}" for name in ORDER]
    assert listed("shop/") == [f"shop/{name}" for name in ORDER]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("shop/*/*.png", ["shop/a/10.png", "shop/a/2.png"]),
        ("shop/**/*.png", ["shop/b.png", "shop/a/10.png", "shop/a/2.png"]),
        ("shop/c/d/[1-2].jpg", ["shop/c/d/1.jpg", "shop/c/d/2.jpg"]),
        ("sh?p/a", ["shop/a/10.png", "shop/a/2.png"]),
        ("**", [f"shop/{name}" for name in ORDER]),
    ],
)
def test_patterns(shop: Path, pattern: str, expected: list[str]) -> None:
    assert listed(pattern) == expected
    assert listed(f"file://{shop.parent}/{pattern}") == [f"{shop.parent}/{name}" for name in expected]


def write_list(folder: Path) -> str:
    (folder / "names.txt").write_text("b.png\na/2.png\n\nc/d/0.jpg\n")
    return "shop/names.txt"


def write_lst(folder: Path) -> str:
    (folder / "names.lst").write_text("0\t1\tb.png\n1\t0\t3\ta/2.png\n2\t0\tc/d/0.jpg\n")
    return "shop/names.lst"


def write_csv(folder: Path) -> str:
    (folder / "names.csv").write_text("label,path\nx,b.png\ny,a/2.png\n\nz,c/d/0.jpg\n")
    return "shop/names.csv"


@pytest.mark.parametrize("write", [write_list, write_lst, write_csv])
def test_lists_name_pictures_beside_them(shop: Path, write: Callable[[Path], str]) -> None:
    assert listed(write(shop)) == ["shop/b.png", "shop/a/2.png", "shop/c/d/0.jpg"]


def test_a_column_by_name(shop: Path) -> None:
    (shop / "names.csv").write_text("path,other\nb.png,a/2.png\n")
    assert listed("shop/names.csv", column="other") == ["shop/a/2.png"]
    with pytest.raises(DataError, match="found columns 'path, other', expected 'none'"):
        listed("shop/names.csv", column="none")


def test_a_tar(shop: Path, detector: Path) -> None:
    with tarfile.open("shard.tar", "w") as archive:
        archive.add("shop/b.png", "000/b.png")
        archive.add("shop/b.png", "000/b.cls")
        archive.add("shop/c/d/3.jpg", "1.jpg")
        archive.add("shop/a/2.png", "ü" * 120 + ".png")
    names = ["shard.tar/000/b.png", "shard.tar/1.jpg", f"shard.tar/{'ü' * 120}.png"]
    assert listed("shard.tar") == names
    first = next(iter(PictureListing(["shard.tar"])))
    assert EntryReader().read(parse_entry(first.to_json())) == Path("shop/b.png").read_bytes()
    result = run("predict", detector, "shard.tar", "-o", "out.jsonl")
    assert result.exit_code == 0
    assert [(row["path"], row["error"] is None) for row in read_lines("out.jsonl")] == [
        (names[0], True),
        (names[1], False),
        (names[2], True),
    ]


def test_a_tar_that_is_cut_off_or_compressed(shop: Path, detector: Path) -> None:
    with tarfile.open("a.tar", "w") as archive:
        archive.add("shop/b.png", "b.png")
    data = Path("a.tar").read_bytes()
    entry = next(iter(PictureListing(["a.tar"])))
    Path("a.tar").write_bytes(data[:1000])
    with pytest.raises(DataError, match="the tar is cut off"):
        EntryReader().read(entry)
    assert "a.tar: " in failed(1, "predict", detector, "a.tar", "-o", "out.jsonl")
    with tarfile.open("z.tar", "w:gz") as archive:
        archive.add("shop/b.png", "b.png")
    assert "found a compressed tar" in failed(1, "predict", detector, "z.tar", "-o", "out.jsonl")
    Path("none.tar").write_bytes(b"no tar" * 200)
    assert "none.tar: " in failed(1, "predict", detector, "none.tar", "-o", "out.jsonl")
    assert not Path("out.jsonl").exists()


def test_tables_of_paths_and_of_pictures(shop: Path, detector: Path, pyarrow: ModuleType) -> None:
    data = [Path("shop/b.png").read_bytes(), b"no picture", None, Path("shop/a/2.png").read_bytes()]
    image = [{"bytes": one, "path": "x.png"} for one in data]
    for name, columns in {
        "paths": {"path": ["shop/b.png", "shop/a/2.png"], "n": [1, 2]},
        "bytes": {"jpg": pyarrow.array(data, pyarrow.binary()), "path": ["a", "b", "c", "d"]},
        "images": {"image": image},
    }.items():
        pyarrow.parquet.write_table(pyarrow.table(columns), f"{name}.parquet", row_group_size=3)
    assert listed("paths.parquet") == ["shop/b.png", "shop/a/2.png"]
    reader = EntryReader()
    for name in ("bytes.parquet", "images.parquet"):
        entries = [parse_entry(entry.to_json()) for entry in PictureListing([name])]
        assert [entry.name for entry in entries] == [f"{name}#{row}" for row in range(4)]
        assert [reader.read(entries[row]) for row in (3, 0)] == [data[3], data[0]]
        with pytest.raises(DataError, match="found nothing in"):
            reader.read(entries[2])
    result = run("predict", detector, "images.parquet", "-o", "out.jsonl")
    assert result.exit_code == 0, result.output
    assert [row["error"] is None for row in read_lines("out.jsonl")] == [True, False, False, True]


def test_duplicates_are_told_once(shop: Path) -> None:
    (shop / "names.txt").write_text(f"b.png\n./b.png\n../shop/b.png\na/2.png\n{shop}/b.png\n")
    listing = PictureListing(["shop/names.txt"])
    assert [entry.name for entry in listing] == ["shop/b.png", "shop/a/2.png"]
    assert listing.duplicates == 3
    assert listing.notes[-1] == "3 duplicate names left out"
    assert listed("shop/a", "shop") == [f"shop/{name}" for name in ORDER]


def test_what_is_passed_over_is_told(shop: Path) -> None:
    for name in (".hidden.png", "clip.mp4", "x.tar", "y.parquet", "notes.txt"):
        (shop / name).write_bytes(b"x")
    listing = PictureListing(["shop"])
    assert len(list(listing)) == len(ORDER)
    assert listing.notes == [
        "shop: 1 hidden picture passed over",
        "shop: a video passed over: give shop/clip.mp4 by name",
        "shop: 2 tars and tables passed over: give shop/x.tar ... by name",
    ]


def test_odd_names_travel(here: Path) -> None:
    names = [b"two words.png", b"new\nline.png", b"\xff.png", "漢.png".encode(), b"#?%2F.png", b'"\\.png']
    for name in names:
        Path(os.fsdecode(b"odd/" + name)).parent.mkdir(exist_ok=True)
        Path(os.fsdecode(b"odd/" + name)).write_bytes(name)
    reader = EntryReader()
    found = [reader.read(parse_entry(entry.to_json())) for entry in PictureListing(["odd"])]
    assert sorted(found) == sorted(names)


def test_more_names_than_memory_should_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "CHUNK", 7)
    names = [f"{i * 7919 % 1000:03d}\n\udcff" for i in range(100)]
    assert list(sorting.sort_names(iter(names))) == sorted(names)
    assert list(sorting.sort_names(iter([]))) == []


@pytest.mark.parametrize("name", ["", "none", "none*.png", "file:///none", "s3://"])
def test_what_is_not_there(detector: Path, name: str) -> None:
    failed(1, "predict", detector, name, "-o", "out.jsonl")
    assert not Path("out.jsonl").exists()


def test_one_of_several_that_is_not_there_is_a_row(shop: Path, detector: Path) -> None:
    assert run("predict", detector, "none", "shop/b.png", "-o", "out.jsonl").exit_code == 0
    assert [row["error"] for row in read_lines("out.jsonl")] == ["none: no such file or folder", None]


LIST_MANY = """
import sys
from gcv_edge.batch.sources.listing import PictureListing
count = sum(1 for _ in PictureListing([sys.argv[1]]))
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(count, int(peak) // 1024)
"""


@pytest.mark.slow(reason="a million files are made; 60 files are listed in the same way")
def test_listing_a_million_names_takes_little_memory(tmp_path: Path) -> None:
    for number in range(1_000_000):
        os.close(os.open(tmp_path / f"{number:07d}.jpg", os.O_CREAT | os.O_WRONLY))
    command = [sys.executable, "-c", LIST_MANY, str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout
    count, megabytes = map(int, printed.split())
    shutil.rmtree(tmp_path)
    assert count == 1_000_000
    assert megabytes < 200


def test_a_list_on_which_bytes_are_no_text(here: Path, detector: Path) -> None:
    Path("names.txt").write_bytes(b"a.png\0b.png\n")
    assert "found zeros" in failed(1, "predict", detector, "names.txt", "-o", "out.jsonl")
