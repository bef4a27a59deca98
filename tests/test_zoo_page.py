"""The page of GluonCV's zoo, and ``gcv-edge list --html``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("plotly", reason="the extra [report] is not installed")

from gcv_edge.zoo_page import format_zoo_page, write_zoo_page
from gcv_edge.zoo_table import read_table
from tests.cli.conftest import done, failed
from tests.support.browsers import addresses, find_browser, open_page, page_data, probe, table_lines


def test_the_page_opens_alone_and_shows_every_name(tmp_path: Path) -> None:
    browser = find_browser()
    page = write_zoo_page(tmp_path / "zoo.html")
    text = page.read_text("utf-8")
    assert list(addresses(text)) == []
    dom = open_page(browser, f"{page.as_uri()}#resnet50_v1&mobilenet1.0")
    lines = {line[0]: line for line in table_lines(dom, "names")}
    assert len(lines) == 329
    assert lines["alexnet"][1:3] == ["54.92", "ImageNet, top-1"]
    assert lines["center_net_dla34_coco"][1] == "not published"
    assert (
        len(re.findall(r'<path class="point[ "]', dom.split('id="scatter"')[1].split("</section>")[0])) > 70
    )
    compared = table_lines(dom, "picked")
    assert compared[1][0] == "ImageNet, top-1: Top-1 77.36; Top-5 93.57"
    assert "gcv-edge export mobilenet1.0" in dom
    assert probe(browser, text, tmp_path, "390,1600", "#resnet50_v1&mobilenet1.0")["wide"] == []
    assert probe(browser, text.replace("@media print", "@media all"), tmp_path, "1030,1600")["wide"] == []


def test_what_was_not_measured_is_said() -> None:
    names = {row["name"]: row for row in page_data(format_zoo_page())["names"]}
    measured = {entry.name for entry in read_table().entries if "int8" in entry.milliseconds}
    assert measured
    assert {name for name, row in names.items() if row["speeds"]["int8"] is not None} == measured
    assert all(row["speeds"]["openvino"] > 0 for row in names.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ssd_512_resnet50_v1_coco", ("COCO", "box AP", 30.6)),
        ("center_net_resnet18_v1b_voc", ("Pascal VOC", "VOC07 mAP", 66.8)),
        ("cifar_resnet20_v1", ("CIFAR-10", "top-1", 92.1)),
        ("mask_rcnn_resnet18_v1b_coco", ("COCO", "mask AP", 28.4)),
        ("deeplab_resnest50_ade", ("ADE20K", "mIoU", 45.1)),
        ("alpha_pose_resnet101_v1b_coco", ("COCO", "OKS AP", 74.2)),
    ],
)
def test_published_accuracy(name: str, expected: tuple[str, str, float]) -> None:
    (found,) = (entry.accuracy for entry in read_table().entries if entry.name == name)
    assert found is not None
    assert (found.data_set, found.metric, found.value) == expected


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert done("list", "--task", "pose", "--html", "zoo.html") == "The zoo is in zoo.html\n"
    assert len(page_data(Path("zoo.html").read_text("utf-8"))["names"]) == 19
    assert failed(2, "list", "--html", "zoo.txt").startswith("--html zoo.txt")
    assert list(tmp_path.iterdir()) == [tmp_path / "zoo.html"]
