"""Plots: a picture where there is one to see, words where there is none, names that can be read."""

import base64

from helpers.plots import Line, lines, panels

CURVES = {"slow": Line([1, 10, 100], [2.0, 20.0, 200.0]), "fast": Line([1, 10, 100], [1, 100, 210])}


def names(plot):
    figure = plot.figure
    figure.canvas.draw()
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    return {name: text.get_window_extent() for name, text in texts.items()}


def test_a_plot_is_a_png_and_a_text():
    data, metadata = lines(CURVES, x="n", y="operations", log="xy")._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == ("Plot of operations against n: slow (2 to 200), fast (1 to 210).")
    assert metadata == {"image/png": {"width": 700}}


def test_axes_are_logarithmic_where_asked():
    (ax,) = lines(CURVES, x="n", y="operations", log="y").figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("n", "operations")


def test_every_curve_has_its_name_at_its_right_end():
    plot = lines(CURVES, x="n", y="operations")
    end = plot.figure.axes[0].transData.transform((100, 200))[0]
    assert all(box.x0 > end for box in names(plot).values())


def test_names_of_curves_that_end_together_do_not_overlap():
    boxes = names(lines(CURVES, x="n", y="operations", log="xy"))
    assert not boxes["slow"].overlaps(boxes["fast"])


def test_panels_share_their_axes_and_name_the_curves_in_the_last_one():
    one, two = {"f": Line([0, 1], [0, 5])}, {"f": Line([0, 1], [0, 1])}
    plot = panels({"steep": one, "flat": two}, x="z")
    left, right = plot.figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert [len(ax.texts) for ax in (left, right)] == [0, 1]
    assert plot.text == "Plots against z: steep: f (0 to 5); flat: f (0 to 1)."
