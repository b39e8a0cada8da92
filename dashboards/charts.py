"""The charts: Altair specifications from small frames. Every mark carries its number as text."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.i18n import Texts

QUALIFIED = "#0f5c6e"
UNQUALIFIED = "#d9a441"
INK = "#1d2a30"
_FONT = "Noto Sans, Noto Sans CJK SC, sans-serif"


def _finish(chart: alt.Chart | alt.LayerChart) -> alt.Chart | alt.LayerChart:
    return (
        chart.configure(font=_FONT)
        .configure_view(strokeWidth=0)
        .configure_axis(labelFontSize=13, titleFontSize=12, labelColor=INK, grid=False)
        .configure_legend(labelFontSize=13, title=None, orient="top")
    )


def funnel_chart(frame: pd.DataFrame, t: Texts) -> alt.Chart | alt.LayerChart:
    """One bar a stage, qualified and unqualified stacked, the count and rate written beside it.

    `frame`: stage (label), stage_order, qualified_count, unqualified_count, total_count,
    rate_label (text).
    """
    stages = frame.sort_values("stage_order")["stage"].tolist()
    names = {"qualified_count": t("qualified"), "unqualified_count": t("unqualified")}
    long = frame.melt(
        id_vars=["stage", "stage_order"],
        value_vars=list(names),
        var_name="kind",
        value_name="cases",
    )
    long["kind"] = long["kind"].map(names)
    y_axis = alt.Y("stage:N", sort=stages, title=None, axis=alt.Axis(labelLimit=220))
    bars = (
        alt.Chart(long)
        .mark_bar(height={"band": 0.72})
        .encode(
            y=y_axis,
            x=alt.X("cases:Q", title=t("cases"), stack="zero"),
            order=alt.Order("kind_order:Q"),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(names.values()), range=[QUALIFIED, UNQUALIFIED]),
                # A colour that is nowhere to be seen needs no explanation.
                legend=alt.Legend() if frame["unqualified_count"].any() else None,
            ),
            tooltip=[
                alt.Tooltip("stage:N", title=t("stage")),
                alt.Tooltip("kind:N", title=" "),
                alt.Tooltip("cases:Q", title=t("cases"), format=","),
            ],
        )
        .transform_calculate(kind_order=f"datum.kind == '{t('qualified')}' ? 0 : 1")
    )
    labels = (
        alt.Chart(frame)
        .mark_text(align="left", dx=6, fontSize=13, color=INK)
        .encode(y=y_axis, x=alt.X("total_count:Q"), text="rate_label:N")
    )
    return _finish((bars + labels).properties(height=44 * max(len(stages), 1) + 40))


def retention_chart(frame: pd.DataFrame, t: Texts) -> alt.Chart | alt.LayerChart:
    """The triangle: one cell a cohort and month, its share written in it.

    `frame`: cohort (text), month_number, share (0..1 or null), label (text), cohort_size.
    """
    base = alt.Chart(frame).encode(
        x=alt.X(
            "month_number:O", title=t("month_number"), axis=alt.Axis(orient="top", labelAngle=0)
        ),
        y=alt.Y("cohort:O", title=None, axis=alt.Axis(labelBaseline="middle", labelLimit=220)),
    )
    cells = base.mark_rect(stroke="#fbfaf7", strokeWidth=2).encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(domain=[0, 1], range=["#f1eee7", "#7fb3bf", QUALIFIED], clamp=True),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("cohort:O", title=t("cohort")),
            alt.Tooltip("month_number:O", title=t("month_number")),
            alt.Tooltip("cohort_size:Q", title=t("size")),
            alt.Tooltip("label:N", title=" "),
        ],
    )
    text = base.mark_text(fontSize=11).encode(
        text="label:N",
        color=alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK)),
    )
    rows = frame["cohort"].nunique()
    return _finish((cells + text).properties(height=26 * max(rows, 1) + 40))
