"""Pencil work of week 1: right in other ways, known slips, and slips that nobody has listed."""

RIGHT = {
    "by_hand": {
        "numbers": dict(dq=3, dx=3, dy=8),
        "formulas in x and y": dict(dq="y", dx="y", dy="x + 2y"),
        "formulas in the lines above": dict(dq="y", dx="dq·1", dy="q·1 + dq·1"),
        "only the results": dict(dx=3, dy=8),
    },
    "gates": {
        "numbers": dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz=2, dw=0),
        "formulas": dict(ds="2", dp="ds", dm="ds", dx="2y", dy="2x", dz="dm", dw="0"),
        "only the results": dict(dx=-8.0, dy=6.0, dz=2.0, dw=0.0),
        "the names of the picture": dict(ds="2 + s - p - m", dx="2y", dy="2x", dz="2", dw="0*m"),
    },
    "staged": {
        "formulas": dict(
            dnum="1/den", dden="-num/den²", dxpy="2·xpy·dden", dsigx="dden", dsigy="1/den",
            dx="dnum + dxpy + dsigx·sigx·(1 − sigx)", dy="dxpy + sigy(1 − sigy)/den"),
        "by s = σ": dict(
            dnum="den^-1", dden="-dnum*num/den", dxpy="dden*(2x + 2y)", dsigx="-num/(den*den)",
            dsigy="dnum", dx="dnum + dxpy + dsigx*σ(x)*(1-σ(x))", dy="dxpy + dsigy*σ(y)*(1-σ(y))"),
        "numbers rounded to three digits": dict(
            dnum=0.512, dden=-0.792, dxpy=1.58, dsigx=-0.792, dsigy=0.512, dx=2.06, dy=1.59),
    },
}  # fmt: skip

WRONG = {
    "by_hand": {
        "the sign": (dict(dq=-3), "wrong sign"),
        "the value of f": (dict(dq=15), "`dq` is not right yet"),
        "the local derivative alone, plus one": (dict(dq=3, dx=2), "`dx` is not right yet"),
        "both paths twice": (dict(dq="y", dx="y", dy="2(q + dq)"), "2.0 times the right one"),
        "right by chance": (dict(dq="x + 1"), "right at the given point by chance"),
        "a difference": (dict(dq=3, dx=3, dy=2), "`dy` is not right yet. The lines above are"),
    },
    "gates": {
        "added up": (dict(ds=2, dp=4), "`dp` is not right yet"),
        "the sign of y": (dict(ds=2, dp=2, dm=2, dx=8), "wrong sign"),
        "without the factor 2": (dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz=1), "`dz` is not right"),
        "the wrong winner": (
            dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz=0, dw=2), "`dz` is not right yet"),
    },
    "staged": {
        "upside down": (dict(dnum="den"), "`dnum` is not right yet"),
        "num in dnum": (dict(dnum="num/den"), "`dnum` is not right yet"),
        "no inner derivative": (dict(dnum="1/den", dden="-num/den^2", dxpy="dden*2"), "`dxpy`"),
        "the square itself": (dict(dnum="1/den", dden="-num/den^2", dxpy="dden*xpy^2"), "`dxpy`"),
        "one path for y": (
            dict(dnum="1/den", dden="-num/den^2", dxpy="2*xpy*dden", dsigx="dden", dsigy="dnum",
                 dx="dnum + dxpy + dsigx*sigx*(1-sigx)", dy="dxpy"), "`dy` is not right yet"),
        "rounded too far": (dict(dnum=0.5), "close, but not right to three digits"),
    },
}  # fmt: skip

KNOWN = {
    "by_hand": {
        "q as a number": (dict(dq=5), "OWNDATA"),
        "one": (dict(dq=3, dx=1), "NOUPSTREAM"),
        "direct": (dict(dq="y", dx="y", dy="x + y"), "CHAINSUM"),
        "through q": (dict(dq=3, dx=3, dy=3), "ASSIGN"),
        "product": (dict(dq=3, dx=3, dy="q·y"), "PATHPRODUCT"),
    },
    "gates": {
        "one": (dict(ds=1), "LASTGATE"),
        "a plus that splits": (dict(ds=2, dp=1), "PLUSSPLITS"),
        "max times the winner": (
            dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz="2*z"), "MAXVALUE"),
        "max times the loser": (
            dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz=2, dw=-2), "LOSERVALUE"),
        "own operand": (dict(ds=2, dp=2, dm=2, dx="2*x"), "OWNDATA"),
        "no factor": (dict(ds=2, dp=2, dm=2, dx=-4), "NOUPSTREAM"),
        "both win": (dict(ds=2, dp=2, dm=2, dx=-8, dy=6, dz=2, dw=2), "MAXBOTH"),
    },
    "staged": {
        "the sign of 1/den": (dict(dnum="1/den", dden="num/den/den"), "DIVSIGN"),
        "den once": (dict(dnum="1/den", dden="-num/den"), "DIVSQUARE"),
        "num left out": (dict(dnum="1/den", dden="-1/den**2"), "NUMERATOR"),
        "x without xpy": (
            dict(dnum="1/den", dden="-num/den^2", dxpy="2*xpy*dden", dsigx="dden", dsigy="dnum",
                 dx="dnum + dsigx*sigx*(1-sigx)"), "XPYPATH"),
        "y without xpy": (
            dict(dnum="1/den", dden="-num/den^2", dxpy="2*xpy*dden", dsigx="dden", dsigy="dnum",
                 dx="dnum + dxpy + dsigx*sigx*(1-sigx)", dy="dsigy*sigy*(1-sigy)"), "XPYPATH"),
        "two of three paths": (
            dict(dnum="1/den", dden="-num/den^2", dxpy="2*xpy*dden", dsigx="dden", dsigy="dnum",
                 dx="dnum + dxpy"), "CHAINSUM"),
    },
}  # fmt: skip
