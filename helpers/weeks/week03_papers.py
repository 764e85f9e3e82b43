"""Week 3: derivations with a pencil, each with the slips that it knows by name."""

from __future__ import annotations

from helpers.exercise import paper

tanh_row = paper(
    "tanh_row",
    "D5 with a pencil: backward through h = tanh(W·x), entry by entry",
    answers=dict(
        dz0="v0 * (1 - h0**2)",
        dz1="v1 * (1 - h1**2)",
        dx0="dz0 * w00 + dz1 * w10",
        dx2="dz0 * w02 + dz1 * w12",
    ),
    at=dict(
        w00=1.0, w01=0.5, w02=-0.25, w10=-0.5, w11=1.0, w12=0.75, x0=0.5, x1=-1.0, x2=2.0,
        v0=2.0, v1=-1.0, z0="w00*x0 + w01*x1 + w02*x2", z1="w10*x0 + w11*x1 + w12*x2",
        h0="tanh(z0)", h1="tanh(z1)",
    ),
    minutes=12,
    difficulty=2,
    hints=[
        "h0 depends on z0 alone. Upstream is v0 = ∂L/∂h0; the slope of tanh is 1 − h0².",
        "x0 enters z0 with the weight w00, and z1 with the weight w10: two paths, so two terms.",
        "dz0 = v0·(1 − h0²); dx0 = dz0·w00 + dz1·w10; for dx2 take the last column of W.",
    ],
    mistakes={
        "TANHIN": (
            dict(dz0="v0 * (1 - z0**2)", dz1="v1 * (1 - z1**2)"),
            "tanh′ is 1 − h² with the *output* h. You used the input z.",
        ),
        "NOUPSTREAM": (
            dict(dz0="1 - h0**2", dz1="1 - h1**2"),
            "That is the local slope alone. Times the upstream gradient v.",
        ),
        "NOSQUARE": (
            dict(dz0="v0 * (1 - h0)", dz1="v1 * (1 - h1)"),
            "The slope of tanh is 1 − h², with the square.",
        ),
        "SIGMOIDSLOPE": (
            dict(dz0="v0 * h0 * (1 - h0)", dz1="v1 * h1 * (1 - h1)"),
            "h·(1 − h) is the form of the *sigmoid's* slope. tanh has 1 − h².",
        ),
        "BRACKETS": (
            dict(dz0="1 - h0**2 * v0", dz1="1 - h1**2 * v1"),
            "Parentheses: v multiplies the whole slope, v·(1 − h²).",
        ),
        "OTHEROUTPUT": (
            dict(dz0="v1 * (1 - h0**2)", dz1="v0 * (1 - h1**2)"),
            "tanh works entry by entry: z0 feeds h0 alone, so its upstream gradient is v0, and that of z1 is v1.",
        ),
        "NOLOCAL": (
            dict(dx0="v0 * w00 + v1 * w10", dx2="v0 * w02 + v1 * w12"),
            "You pass the tanh as if its slope were 1. What arrives at z0 and z1 is dz0 and dz1.",
        ),
        "ONEUPSTREAM": (
            dict(dx0="dz0 * w00 + dz0 * w10", dx2="dz0 * w02 + dz0 * w12"),
            "Two paths, and each has an upstream gradient of its own: w10 leads to z1, where dz1 has arrived.",
        ),
        "WEIGHTSONLY": (
            dict(dx0="w00 + w10", dx2="w02 + w12"),
            "Those are the local derivatives alone. Multiply each by what has arrived: dz0 for the first, dz1 for the "
            "second.",
        ),
        "OTHERPATH": (
            dict(dx0="dz1 * w10", dx2="dz1 * w12"),
            "That is the path through z1 only. The input also feeds z0.",
        ),
        "OWNDATA": (
            dict(dx0="dz0 * x0 + dz1 * x0", dx2="dz0 * x2 + dz1 * x2"),
            "A product swaps: in w00·x0 the input x0 gets dz0 times the *weight*.",
        ),
        "TRANSPOSE": (
            dict(dx0="dz0 * w00 + dz1 * w01", dx2="dz0 * w10 + dz1 * w11"),
            "You went along a row of W. An input reaches all outputs through its *column* of W.",
        ),
        "CHAINSUM": (
            dict(dx0="dz0 * w00", dx2="dz0 * w02"),
            "That is the path through z0 only. The input also feeds z1.",
        ),
    },
)  # fmt: skip

linear_entries = paper(
    "linear_entries",
    "D6 with a pencil: single entries of dW, dX and db for Y = X·W + b",
    answers=dict(
        dw01="x00 * g01 + x10 * g11",
        dw10="x01 * g00 + x11 * g10",
        dx01="g00 * w10 + g01 * w11",
        db1="g01 + g11",
    ),
    at=dict(
        x00=1.0, x01=2.0, x10=-1.0, x11=3.0, w00=0.5, w01=-1.0, w10=2.0, w11=1.25,
        g00=1.0, g01=-2.0, g10=0.5, g11=4.5,
    ),
    minutes=15,
    difficulty=2,
    hints=[
        "Where does w01 occur? Write out y01 and y11, one line for each sample.",
        "y01 = x00·w01 + x01·w11 + b1 and y11 = x10·w01 + x11·w11 + b1. So w01 is used twice: with x00 "
        "in y01, with x10 in y11. Weigh each use by its upstream gradient and add.",
        "dw01 = x00·g01 + x10·g11. b1 occurs in the same two outputs, with the factor 1. x01 occurs in "
        "y00 (times w10) and y01 (times w11).",
    ],
    mistakes={
        "TRANSPOSE": (
            dict(dw01="x01 * g00 + x11 * g10", dw10="x00 * g01 + x10 * g11", dx01="g00 * w01 + g01 * w11"),
            "The indices have changed places: w01 joins input 0 to output 1, so dw01 pairs column 0 of X "
            "with column 1 of G, and dx01 pairs row 0 of G with row 1 of W.",
        ),
        "ROWFORCOLUMN": (
            dict(dw01="x00 * g01 + x01 * g11", dw10="x10 * g00 + x11 * g10", dx01="g00 * w10 + g10 * w11"),
            "You went along the row of one factor where its column belongs. Look which index stays: in dw01 it is "
            "input 0, so column 0 of X, over both samples; in dx01 it is sample 0, so row 0 of G, over both outputs.",
        ),
        "BOTHROWS": (
            dict(dw01="x00 * g10 + x01 * g11", dw10="x10 * g00 + x11 * g01", dx01="g00 * w01 + g10 * w11"),
            "Both factors are read the wrong way. A weight is used once for each *sample*: dw01 runs down column 0 of "
            "X and column 1 of G. An entry of X is used once for each *output*: dx01 runs along row 0 of G and row 1 "
            "of W.",
        ),
        "OTHERENTRY": (
            dict(dw01="x01 * g01 + x11 * g11", dw10="x00 * g00 + x10 * g10", dx01="g10 * w10 + g11 * w11",
                 db1="g00 + g10"),
            "The sum runs the right way, for another entry. In x01 and w01 the first index is the row: w01 joins "
            "input 0 to output 1, x01 is input 1 of sample 0, and b1 belongs to output 1.",
        ),
        "CHAINSUM": (
            dict(dw01="x00 * g01", dw10="x01 * g00", dx01="g00 * w10", db1="g01"),
            "That is one use out of two. Sum over all places where the entry is used.",
        ),
        "OTHERUSE": (
            dict(dw01="x10 * g11", dw10="x11 * g10", dx01="g01 * w11", db1="g11"),
            "That is one use out of two. Sum over all places where the entry is used.",
        ),
        "WRONGINPUT": (
            dict(dx01="g00 * w00 + g01 * w01"),
            "That is dx00. x01 is input 1 of sample 0: the weights that it meets are w10 and w11.",
        ),
        "LOCALONLY": (
            dict(dw01="x00 + x10", dw10="x01 + x11", dx01="w10 + w11", db1="2"),
            "Those are the local derivatives alone. Each use has an upstream gradient of its own: multiply by it, then add.",
        ),
        "NOUPSTREAM": (
            dict(db1="1"),
            "That is the slope of one use. b1 is used in y01 and y11: weigh each by its upstream gradient and add.",
        ),
        "NOLOCAL": (
            dict(dw01="g01 + g11", dw10="g00 + g10", dx01="g00 + g01"),
            "Those are the right upstream gradients alone. Multiply each by what the entry is multiplied with there.",
        ),
        "DBSCALAR": (
            dict(db1="g00 + g01 + g10 + g11"),
            "b1 stands in column 1 of Y only. Column 0 has b0.",
        ),
        "MEANSUM": (
            dict(dw01="(x00 * g01 + x10 * g11) / 2", dw10="(x01 * g00 + x11 * g10) / 2", db1="(g01 + g11) / 2"),
            "You average over the samples. Paths add up; if the loss has a 1/N, it is in G already.",
        ),
        "DBAXIS": (
            dict(db1="g10 + g11"),
            "That sums a row of G. b1 is added in column 1 of Y, once for each sample.",
        ),
    },
)  # fmt: skip

variance = paper(
    "variance",
    "D8 with a pencil: y = ((x0 − m)² + (x1 − m)² + (x2 − m)²)/3, with the mean m",
    answers=dict(
        direct0="g * 2 * (x0 - m) / 3",
        dm="-g * 2 * ((x0 - m) + (x1 - m) + (x2 - m)) / 3",
        dx0="direct0 + dm / 3",
    ),
    at=dict(x0=1.0, x1=2.0, x2=6.0, g=3.0, m="(x0 + x1 + x2) / 3"),
    minutes=10,
    difficulty=2,
    hints=[
        "x0 moves y on two paths: directly, and through the mean m. Write the direct one with m held still.",
        "dm = ∂L/∂m: all three squares contain m, each with the slope −2·(x − m). Add them up and look.",
        "The deviations from the mean add up to 0, so dm = 0, and dx0 is the direct path alone.",
    ],
    mistakes={
        "MEANSUM": (
            dict(direct0="g * 2 * (x0 - m)", dm="-g * 2 * ((x0 - m) + (x1 - m) + (x2 - m))"),
            "The division by 3 is missing.",
        ),
        "BESSEL": (
            dict(direct0="g * 2 * (x0 - m) / 2"),
            "You divide by n − 1 = 2. That belongs to the other variance; this one divides by 3.",
        ),
        "CHAINSUM": (
            dict(dm="-g * 2 * (x0 - m) / 3"),
            "All three squares contain m, not only the first.",
        ),
        "NOTDERIVED": (
            dict(direct0="g * (x0 - m)**2 / 3"),
            "That is the first term itself, times g. Its slope by x0 is 2·(x0 − m)/3.",
        ),
        "TWICE": (
            dict(direct0="g * 2 * (x0 - m) / 3 * (2/3)", dx0="g * 2 * (x0 - m) / 3 * (2/3)"),
            "The factor 1 − 1/3 lets m move with x0, in the first square only. For `direct0` hold m still; the path "
            "through m runs through all three squares, and it is dm/3.",
        ),
        "NOUPSTREAM": (
            dict(direct0="2 * (x0 - m) / 3"),
            "The upstream gradient g is missing as a factor.",
        ),
    },
)

moves = paper(
    "moves",
    "D24 with a pencil: backward through cumsum, the norm, and x/‖x‖",
    answers=dict(
        cum0="g0 + g1 + g2",
        cum2="g2",
        norm0="gr * x0 / r",
        unit0="(g0 - u0 * (u0*g0 + u1*g1 + u2*g2)) / r",
    ),
    at=dict(
        x0=2.0, x1=-1.0, x2=2.0, g0=1.0, g1=3.0, g2=-1.5, gr=2.4,
        r="sqrt(x0**2 + x1**2 + x2**2)", u0="x0 / r", u1="x1 / r", u2="x2 / r",
    ),
    minutes=15,
    difficulty=3,
    hints=[
        "cumsum: c0 = x0, c1 = x0 + x1, c2 = x0 + x1 + x2. In which of them does x0 occur? And x2?",
        "The norm r is a square root: ∂r/∂x0 = x0/r. In u = x/r the entry x0 occurs directly, and in r, "
        "which all of u0, u1, u2 share.",
        "unit0: the direct path gives g0/r. Through r: ∂uᵢ/∂r = −uᵢ/r, so dr = −(u0·g0 + u1·g1 + u2·g2)/r, "
        "times ∂r/∂x0 = u0.",
    ],
    mistakes={
        "FORWARDS": (
            dict(cum0="g0", cum2="g0 + g1 + g2"),
            "That is the cumulative sum of G from the front. x0 occurs in *every* sum from c0 on, x2 only "
            "in the last: cumulate from the back.",
        ),
        "NORMVALUE": (
            dict(norm0="gr * x0"),
            "The slope of the norm is x0/r: a root has its own value in the denominator.",
        ),
        "HELDSTILL": (
            dict(unit0="g0 / r"),
            "That holds the norm r still. r moves with x0, and all three entries feel it.",
        ),
        "NORMSQUARE": (
            dict(norm0="gr * 2 * x0"),
            "That is the slope of r², not of r. The root brings 1/(2·r) as a further factor.",
        ),
        "CHAINSUM": (
            dict(unit0="(g0 - u0 * u0 * g0) / r"),
            "You have both paths to u0. But r stands in u1 and u2, too, so x0 also moves those, by way of r: "
            "add g1 and g2 along these paths.",
        ),
        "POSITIONS": (
            dict(cum0="g0 + 2*g1 + 3*g2"),
            "Every partial sum has x0 once, with the factor 1.",
        ),
        "OWNDATA": (
            dict(cum0="x0 * g0", cum2="x2 * g2"),
            "A sum copies: each use has the slope 1, whatever the value of x is.",
        ),
        "NOCHAIN": (
            dict(norm0="gr / (2 * r)"),
            "That is the slope of the root. Inside stands x0², with the slope 2·x0.",
        ),
        "TOOSMALL": (
            dict(norm0="gr * x0 / r**2"),
            "One r too many. The slope of the norm is x0/r, an entry of the unit vector.",
        ),
        "OTHERSLOT": (
            dict(unit0="(g0 - x0 * (x0*g0 + x1*g1 + x2*g2)) / r"),
            "Of the right form, with x in place of u: divide each x by r.",
        ),
        "PLUS": (
            dict(unit0="(g0 + u0 * (u0*g0 + u1*g1 + u2*g2)) / r"),
            "The sign of the second path: as r grows, x/r shrinks.",
        ),
        "NOSCALE": (
            dict(unit0="g0 - u0 * (u0*g0 + u1*g1 + u2*g2)"),
            "Right up to the scale. Both paths have 1/r: a long x turns little when it is nudged.",
        ),
        "PLAINSUM": (
            dict(unit0="(g0 - u0 * (g0 + g1 + g2)) / r"),
            "On the way through r each gᵢ is weighed by its own uᵢ: ∂uᵢ/∂r = −uᵢ/r.",
        ),
        "LINKLOST": (
            dict(unit0="g0 / r - (g0*x0 + g1*x1 + g2*x2) / r**2"),
            "The direct path is right. The other one stops at r: continue to x0, with the factor ∂r/∂x0 = u0.",
        ),
        "NOUPSTREAM": (
            dict(norm0="x0 / r", cum0="3", cum2="1"),
            "The upstream gradient is missing as a factor.",
        ),
    },
)  # fmt: skip
