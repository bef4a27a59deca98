"""Pictures and results in an object store, which is moto's on this machine."""

from __future__ import annotations

import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.batch.conftest import ORDER, read_lines, read_parts, same
from tests.cli.conftest import failed, run


def upload(client: Any, folder: Path) -> None:
    for name in ORDER:
        client.upload_file(str(folder / name), "bucket", f"in/{name}")


def test_from_a_store_to_a_store(bucket: Any, detector: Path, shop: Path, pyarrow: ModuleType) -> None:
    import pyarrow.fs

    upload(bucket, shop)
    arguments = ("s3://bucket/in", "-o", "s3://bucket/out/", "--shard-size", "4", "--threshold", "0.1")
    result = run("predict", detector, *arguments)
    assert result.exit_code == 0, result.output
    store, root = pyarrow.fs.FileSystem.from_uri("s3://bucket/out")
    names = [info.base_name for info in store.get_file_info(pyarrow.fs.FileSelector(root))]
    parts = sorted(name for name in names if name.startswith("part-"))
    assert (len(parts), sorted(set(names) - set(parts))) == (3, ["_SUCCESS", "_job.json", "_manifest.jsonl"])

    def read() -> list[dict[str, Any]]:
        return [
            row
            for part in parts
            for row in pyarrow.parquet.read_table(f"{root}/{part}", filesystem=store).to_pylist()
        ]

    rows = read()
    assert [row["path"] for row in rows] == [f"s3://bucket/in/{name}" for name in ORDER]
    bucket.delete_object(Bucket="bucket", Key=f"out/{parts[1]}")
    again = run("predict", detector, *arguments, "--resume")
    assert "4 pictures in " in again.stdout
    assert same(read()) == same(rows)
    run("predict", detector, "shop", "-o", "here.jsonl", "--threshold", "0.1")
    here = {row["path"].removeprefix("shop/"): row["scores"] for row in read_lines("here.jsonl")}
    assert {row["path"].removeprefix("s3://bucket/in/"): row["scores"] for row in rows} == here


def test_patterns_lists_and_one_file(bucket: Any, detector: Path, shop: Path) -> None:
    upload(bucket, shop)
    bucket.put_object(Bucket="bucket", Key="in/names.txt", Body=b"b.png\nc/d/0.jpg\nnone.png\n")
    for inputs, names in (
        ("s3://bucket/in/*/*.png", ["a/10.png", "a/2.png"]),
        ("s3://bucket/in/names.txt", ["b.png", "c/d/0.jpg", "none.png"]),
        ("s3://bucket/in/b.png", ["b.png"]),
    ):
        result = run("predict", detector, inputs, "-o", "s3://bucket/table.jsonl")
        assert result.exit_code == 0, result.output
        text = bucket.get_object(Bucket="bucket", Key="table.jsonl")["Body"].read().decode()
        Path("got.jsonl").write_text(text)
        assert [row["path"] for row in read_lines("got.jsonl")] == [
            f"s3://bucket/in/{name}" for name in names
        ]
    assert read_lines("got.jsonl")[0]["error"] is None


def test_a_tar_that_goes_away(bucket: Any, detector: Path, shop: Path) -> None:
    """Pictures that a resumed job cannot read any more are told one by one, as those of a folder are."""
    with tarfile.open("shop.tar", "w") as archive:
        for number in range(4):
            archive.add(shop / "b.png", f"{number}.png")
    bucket.upload_file("shop.tar", "bucket", "shop.tar")
    arguments = ("s3://bucket/shop.tar", "-o", "out/", "--format", "jsonl", "--shard-size", "2")
    assert run("predict", detector, *arguments).exit_code == 0
    sorted(Path("out").glob("part-*"))[1].unlink()
    bucket.delete_object(Bucket="bucket", Key="shop.tar")
    result = run("predict", detector, *arguments, "--resume")
    assert result.exit_code == 0, result.output
    errors = [row["error"] for row in read_parts("out")]
    assert errors[:2] == [None, None]
    assert all(error.startswith("s3://bucket/shop.tar/") and "shop.tar" in error for error in errors[2:])


def test_what_is_not_in_the_store(bucket: Any, detector: Path) -> None:
    for name in ("s3://bucket/none", "s3://nobody/none"):
        assert failed(1, "predict", detector, name, "-o", "out.jsonl") == f"{name}: no such file or folder"
