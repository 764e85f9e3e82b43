"""Pictures: what they show, that they are the same everywhere, and what a cut one says."""

import os
import re
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from base64 import b64decode
from math import inf, nan

import pytest

from helpers import cards, layout, palette
from helpers.engine.scalar import Value
from helpers.graph import Graph
from helpers.render import CSS, draw
from helpers.svg import NORMAL

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def product():
    """f = (x + y)·y at x = −2, y = 5, after backward."""
    x, y = Value(-2.0), Value(5.0)
    q = x + y
    f = q * y
    f.backward()
    return draw(f, names={"x": x, "y": y, "q": q, "f": f})


def chain(length):
    value = Value(0.5)
    for _ in range(length):
        value = value.tanh()
    return value


def tree(leaves):
    values = [Value(0.3 + i / leaves) for i in range(leaves)]
    while len(values) > 1:
        values = [a * b for a, b in zip(values[::2], values[1::2], strict=True)]
    return values[0]


def elements(picture, name):
    return [e for e in ET.fromstring(picture.svg).iter() if name in e.get("class", "").split()]


def words(group, name):
    return next(t.text or "" for t in group.iter(SVG + "text") if t.get("class") == name)


# ------------------------------------------------------------------------------ what it shows


def test_box_holds_name_value_and_gradient(product):
    y = elements(product, "ag-node")[1]
    assert [words(y, f"ag-{part}") for part in ("name", "value", "grad")] == ["y", "5.0", "∂ 8.0"]


def test_every_node_has_a_box_that_widgets_can_find(product):
    assert [g.get("data-node") for g in elements(product, "ag-node")] == ["0", "1", "2", "3"]
    for group in elements(product, "ag-node"):
        assert group.find(SVG + "rect").get("class") == "ag-box"


def test_every_operation_has_a_circle_in_front_of_its_result(product):
    assert [(g.get("data-op"), words(g, "ag-sign")) for g in elements(product, "ag-op")] == [
        ("2", "+"),
        ("3", "×"),
    ]
    assert [path.get("data-to") for path in elements(product, "ag-stem")] == ["2", "3"]


def test_every_use_of_an_operand_is_an_edge_with_its_slot(product):
    uses = [(n.index, s, p.index) for n in product.graph.nodes for s, p in enumerate(n.parents)]
    drawn = [
        tuple(int(path.get(f"data-{key}")) for key in ("to", "slot", "from"))
        for path in elements(product, "ag-edge")
    ]
    assert sorted(drawn) == sorted(uses)


@pytest.mark.parametrize("before", [0, 60], ids=["with circles", "compact"])
def test_operand_used_twice_has_two_edges_that_do_not_coincide(before):
    x = chain(before)
    top = Graph.record(x * x).root.index
    edges = [e for e in elements(draw(x * x), "ag-edge") if e.get("data-to") == str(top)]
    assert len(edges) == 2
    assert edges[0].get("d") != edges[1].get("d")


def test_only_leaves_carry_the_bar(product):
    bars = [
        g.get("data-node") for g in elements(product, "ag-node") if g.find(SVG + "path") is not None
    ]
    assert bars == ["0", "1"]


def test_operands_are_numbered_where_their_order_matters():
    x, y = Value(3.0), Value(2.0)
    assert [e.text for e in elements(draw(x / y), "ag-rank")] == ["1", "2"]
    assert elements(draw(x * y), "ag-rank") == []


def test_forward_picture_has_no_gradients():
    picture = draw(Value(2.0) * Value(3.0), grads=False)
    assert elements(picture, "ag-grad") == []
    assert "∂" not in picture.svg and "grad" not in picture.text


def test_names_come_from_the_callers_variables():
    width, height = Value(2.0), Value(3.0)
    area = width * height
    assert draw(area).text.splitlines()[-1].startswith("area = width * height = 6.0")


def test_title_stands_above_the_picture(product):
    titled = draw(product.graph, title="f = (x + y)·y")
    assert elements(titled, "ag-title")[0].text == "f = (x + y)·y"
    assert titled.text.splitlines()[0] == "f = (x + y)·y"


def test_pytorch_graph_shows_ops_and_leaves():
    torch = pytest.importorskip("torch")
    w = torch.tensor(2.0, requires_grad=True)
    x = torch.tensor(3.0, requires_grad=True)
    loss = (w * x).tanh()
    loss.backward()
    picture = draw(loss, names={"w": w, "x": x, "loss": loss})
    ops = [words(group, "ag-word") for group in elements(picture, "ag-op")]
    assert ops == ["MulBackward0", "TanhBackward0"]
    assert picture.text.startswith("w = 2.0   (grad ")
    assert words(elements(picture, "ag-node")[2], "ag-grad") == "∂ –"


def test_micrograd_graph_is_drawn():
    engine = pytest.importorskip("micrograd.engine")
    a, b = engine.Value(2.0), engine.Value(-3.0)
    c = (a * b).relu()
    assert len(elements(draw(c, names={"a": a, "b": b, "c": c}), "ag-node")) == 4


def test_layout_tells_where_each_box_and_circle_is(product):
    for group in elements(product, "ag-node"):
        box = {
            key: float(value) for key, value in group[1].attrib.items() if key in "xywidthheight"
        }
        x, y = product.layout.centers["n" + group.get("data-node")]
        assert box["x"] + box["width"] / 2 == pytest.approx(x, abs=0.11)  # printed to 0.1
        assert box["y"] + box["height"] / 2 == pytest.approx(y, abs=0.11)
    assert set(product.layout.centers) == {"n0", "n1", "n2", "n3", "o2", "o3"}


# ------------------------------------------------------------------------------ text alternative


def test_text_reads_like_the_computation(product):
    assert product.text.splitlines() == [
        "x = −2.0   (grad 5.0)",
        "y = 5.0   (grad 8.0)",
        "q = x + y = 3.0   (grad 5.0)",
        "f = q * y = 15.0   (grad 1.0)",
    ]


def test_svg_has_role_title_and_description(product):
    root = ET.fromstring(product.svg)
    assert root.get("role") == "img"
    assert root.find(SVG + "title").text == "Computational graph of f, 4 nodes"
    assert root.find(SVG + "desc").text == product.text


def test_repr_is_short_and_stable(product):
    assert repr(product) == "<Picture: Computational graph of f, 4 nodes>"
    assert str(product) == product.text


def test_dot_source_has_readable_labels_and_each_edge(product):
    source = product.dot.source
    assert '"f\n15.0\n∂ 1.0"' in source
    assert source.count("n1 -> o") == 2 and "o3 -> n3" in source


# ------------------------------------------------------------------------------ names and numbers


def test_markup_in_names_is_escaped():
    a, b = Value(1.0), Value(2.0)
    picture = draw(a + b, names={"<b>&\"'": a, "]]>": b})
    assert [words(g, "ag-name") for g in elements(picture, "ag-node")[:2]] == ["<b>&\"'", "]]>"]
    assert "<b>" not in picture.html


def test_control_characters_in_names_leave_valid_xml():
    a = Value(1.0)
    assert (
        words(elements(draw(a + a, names={"a\x00\nb\ud800": a}), "ag-node")[0], "ag-name")
        == "a  b "
    )


def test_long_name_is_shortened_and_kept_in_the_tooltip():
    name = "the_learning_rate_of_the_second_layer"
    a = Value(1.0)
    leaf = elements(draw(a + a, names={name: a}), "ag-node")[0]
    assert words(leaf, "ag-name").endswith("…")
    assert leaf.find(SVG + "title").text.startswith(name)


@pytest.mark.parametrize("count", [10, 80], ids=["with circles", "compact"])
def test_no_text_is_wider_than_its_box(count):
    odd = [Value(v) for v in (nan, inf, -inf, -1.23456e-300, 9.87654e300, 123456.0, 0.0)]
    names = {f"{'W' * i}_{i}": v for i, v in enumerate(odd)}
    total = odd[0]
    for i in range(count):
        total = total * odd[i % 7]
    total.backward()
    size = {"ag-name": (NORMAL.name, True), "ag-sign": (16, False)}
    for group in (
        *elements(picture := draw(total, names=names), "ag-node"),
        *elements(picture, "ag-op"),
    ):
        room = float(group.find(SVG + "rect").get("width"))
        for text in group.iter(SVG + "text"):
            points, bold = size.get(text.get("class"), (NORMAL.text, False))
            assert layout.text_width(text.text or "", points, bold) <= room - 6, text.text


def test_width_table_covers_the_characters_of_numbers():
    assert set("0123456789.−+e∂∞…‖(), nainf") <= set(layout._ADVANCE)


def test_shape_of_a_gradient_is_shown_where_it_differs_from_the_value():
    value, same, other = (cards.Summary(shape, 2.0) for shape in ((2, 3), (2, 3), (3,)))
    assert cards.grad_label(same, value) == "∂ ‖2‖"
    assert cards.grad_label(other, value).startswith("∂ (3")


# ------------------------------------------------------------------------------ large graphs


def test_up_to_50_nodes_have_circles_and_more_are_compact():
    assert elements(draw(chain(49)), "ag-op") and not elements(draw(chain(50)), "ag-op")


def test_compact_box_names_its_operation():
    top = elements(draw(chain(60)), "ag-node")[-1]
    assert words(top, "ag-sign") == "tanh"


def test_150_nodes_are_all_drawn():
    assert len(elements(draw(chain(149)), "ag-node")) == 150


def test_more_than_150_nodes_are_cut_and_the_picture_says_so():
    picture = draw(tree(128))  # 255 nodes; levels of 1, 2, 4, …, 128
    assert len(elements(picture, "ag-node")) == 127
    note = "This graph has 255 nodes. Drawn: 127 of them, nearest to"
    assert picture.text.splitlines()[-1].startswith(note)
    assert " ".join(e.text for e in elements(picture, "ag-note")).startswith(note)


def test_depth_draws_that_many_levels_back_from_the_root():
    picture = draw(tree(16), depth=2)
    assert len(elements(picture, "ag-node")) == 7
    assert len(elements(picture, "ag-dots")) == 4


def test_depth_beyond_the_leaves_draws_all_without_a_note(product):
    assert draw(product.graph, depth=99).text == product.text


@pytest.mark.parametrize("depth", [-1, 1.5, True, "2"])
def test_depth_that_counts_no_levels_is_an_error(depth, product):
    with pytest.raises(ValueError, match="depth counts levels"):
        draw(product.graph, depth=depth)


def test_depth_that_asks_for_thousands_of_nodes_is_an_error():
    with pytest.raises(ValueError, match=r"more than 1,000 nodes.*depth=8"):
        draw(tree(2048), depth=11)


def test_collapse_folds_what_feeds_only_that_node():
    x, w, b = Value(1.0), Value(2.0), Value(3.0)
    h = (w * x + b).tanh()
    out = h * x
    picture = draw(out, names={"x": x, "h": h, "out": out}, collapse="h")
    assert [words(g, "ag-name") for g in elements(picture, "ag-node")] == ["x", "h", "out"]
    assert [words(g, "ag-word") for g in elements(picture, "ag-fold")] == ["… 4 nodes"]
    assert "… 4 nodes that feed only h" in picture.text
    into = elements(picture, "ag-into-fold")
    assert [(e.get("data-from"), e.get("data-to")) for e in into] == [
        (str(picture.graph.node("x").index), str(picture.graph.node("h").index))
    ]


def test_collapse_inside_a_collapsed_part_changes_nothing():
    inner = Value(1.0) + Value(2.0)
    outer = inner.tanh() * Value(3.0)
    root = outer + 1.0
    names = {"inner": inner, "outer": outer}
    both = draw(root, names=names, collapse=["inner", outer])
    assert both.svg == draw(root, names=names, collapse=outer).svg


def test_collapse_of_an_unknown_name_is_an_error(product):
    with pytest.raises(KeyError, match="no node"):
        draw(product.graph, collapse=["nobody"])


def test_long_chain_is_cut_at_once():
    graph = Graph.record(chain(100_000), names={})
    start = time.perf_counter()
    picture = draw(graph, collapse=graph.nodes[-3])
    assert "… 99,998 nodes" in picture.text
    assert time.perf_counter() - start < 5  # takes 0.05 s; a search that is not linear takes hours


# ------------------------------------------------------------------------------ the same everywhere

PROGRAM = """
from helpers.engine.scalar import Value
from helpers.render import draw
x, y = Value(-2.0), Value(5.0)
z = ((x + y) * y / x).tanh() * x * x
z.backward()
import hashlib
print(hashlib.sha256(draw(z).html.encode()).hexdigest())
"""


def run(program, **environment):
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_picture_has_the_same_bytes_in_each_process_and_nothing_on_stderr():
    done = [run(PROGRAM, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert done[0].stdout == done[1].stdout
    assert [d.stderr for d in done] == ["", ""]


def test_drawing_does_not_change_the_graph(product):
    assert draw(product.graph).svg == draw(product.graph).svg == product.svg


def test_layout_program_gives_the_same_picture_as_pygraphviz(product, monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport sys, pygraphviz\n"
        "assert sys.argv[1:] == ['-Kdot', '-Tplain']\n"
        "graph = pygraphviz.AGraph(string=sys.stdin.read())\n"
        "sys.stdout.buffer.write(graph.draw(format='plain', prog='dot'))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(product.graph).svg == product.svg


def test_missing_layout_program_says_what_to_install(product, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="pip install pygraphviz"):
        draw(product.graph)


def test_coordinates_have_one_decimal_and_no_negative_zero(product):
    numbers = re.findall(
        r"-?\d+\.?\d*", " ".join(re.findall(r' (?:d|x|y|width)="(.*?)"', product.svg))
    )
    assert numbers and all(
        len(n.partition(".")[2]) <= 1 and n not in ("-0", "-0.0") for n in numbers
    )


# ------------------------------------------------------------------------------ in the notebook


def test_notebook_stores_html_svg_and_text(product):
    bundle = product._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"]
    assert bundle["text/plain"] == product.text


def test_untrusted_notebook_shows_the_picture_as_an_image(product):
    outside = re.sub(r"<script>.*?</script>", "", product.html)
    source = re.fullmatch(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]*)">', outside)
    assert b64decode(source[1]).decode() == product.svg


def test_image_has_an_alternative_text(product):
    assert "q = x + y = 3.0" in re.search(r'alt="(.*?)"', product.html)[1]


def test_picture_needs_nothing_from_the_network(product):
    assert set(re.findall(r"https?://[^\"' ]+", product.svg + product.html)) == {
        "http://www.w3.org/2000/svg"
    }


def test_unknown_object_is_explained():
    with pytest.raises(TypeError, match="Expected"):
        draw("x + y")


# ------------------------------------------------------------------------------ colors


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(c * w for c, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(a, b):
    """WCAG 2.2, relative luminance and contrast ratio."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def variables(dark):
    rules = CSS.split("}")
    found = dict(re.findall(r"(--ag-[\w-]+):(?:var\([^,]*,)?(#\w{6})", rules[0]))
    return (
        found | dict(re.findall(r"(--ag-[\w-]+):(?:var\([^,]*,)?(#\w{6})", rules[1]))
        if dark
        else found
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_have_contrast_4_5_and_lines_3(dark):
    colors = variables(dark)
    backgrounds = [colors[f"--ag-{name}"] for name in ("paper", "box", "soft")]
    for name, color in colors.items():
        if name.endswith(("-text", "-ink")):
            assert min(contrast(color, background) for background in backgrounds) >= 4.5, name
    for name in ("data", "gradient", "correct", "wrong", "neutral", "line"):
        assert contrast(colors[f"--ag-{name}"], colors["--ag-paper"]) >= 3, name


def test_hues_are_okabe_and_itos():
    assert (palette.DATA, palette.GRADIENT) == ("#0072B2", "#D55E00")
    assert (palette.CORRECT, palette.WRONG) == ("#009E73", "#CC79A7")
