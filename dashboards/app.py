"""The cockpit: one page that reads the published version and nothing else.

Started by ``streamlit run dashboards/app.py``. ``CLOSEBOOK_HOME`` says where versions are
published; ``CLOSEBOOK_DEMO_SIGN_IN=1`` offers the demo company's users to choose from, on loopback
only. ``?lang=zh`` and ``?tenant=borealis`` make a view shareable; who is signed in is never in the
address.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from dashboards.access import pay_rows, pay_scope, read_grants, role_in
from dashboards.charts import funnel_chart, retention_chart
from dashboards.i18n import LANGUAGES, Texts, texts
from dashboards.queries import sql
from dashboards.reader import NothingPublishedError, Reader, Snapshot
from dashboards.tables import UNKNOWN, styled, totals

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GATES = ("raw", "stage_entry", "marts")
_STALE_AFTER_DAYS = 2
_PIPELINE = "default"
_FRESHNESS = "mart_freshness_by_source_tenant_resource"
Choice = TypeVar("Choice")
_NOBODY = ""
_ALL = ""
_STATEMENT_AMOUNTS = ("earning_amount", "trueup_amount", "reversal_amount", "payable_amount")
_PAYROLL_AMOUNTS = ("statement_amount", "payroll_amount", "difference_amount")


def published_root() -> Path:
    """The folder of published versions."""
    return Path(os.environ.get("CLOSEBOOK_HOME") or "var").absolute() / "published"


def now() -> datetime:
    """The instant that ages are counted to: pinned by ``CLOSEBOOK_NOW`` in demos and tests."""
    pinned = os.environ.get("CLOSEBOOK_NOW", "")
    return datetime.fromisoformat(pinned).astimezone(UTC) if pinned else datetime.now(UTC)


def last_attempt() -> dict[str, Any] | None:
    """What stopped the last build, when it did not publish; None after a success."""
    path = published_root() / "last_attempt.json"
    try:
        attempt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return attempt


@st.cache_resource
def readers() -> tuple[Reader, Reader]:
    """The open and the restricted reader, shared by every visitor of this process."""
    return Reader(published_root(), "open"), Reader(published_root(), "restricted")


def pinned_version(pair: tuple[Reader, Reader]) -> tuple[Snapshot, Snapshot | None]:
    """Both sets of one and the same version; a page never mixes two.

    The restricted set is None when this process may not read it. Raises NothingPublishedError
    when there is no version.
    """
    open_reader, restricted_reader = pair
    while True:
        snapshot = open_reader.snapshot()
        try:
            restricted = restricted_reader.snapshot()
        except NothingPublishedError:
            return snapshot, None
        if restricted.version == snapshot.version:
            return snapshot, restricted


def demo_sign_in_allowed() -> bool:
    """Only when started for the demo, and only when nobody but this machine can connect."""
    return (
        os.environ.get("CLOSEBOOK_DEMO_SIGN_IN") == "1"
        and st.get_option("server.address") in _LOOPBACK
    )


def money(amount: Decimal | None, t: Texts) -> str:
    """A short amount: ``12.3M``, in Chinese ``1,230.0万``; the currency stands above the tiles."""
    if amount is None or pd.isna(amount):
        return t("not_known")
    if t.language == "zh":
        return f"{amount / 10_000:,.1f}万"
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if abs(amount) >= size:
            return f"{amount / size:,.1f}{unit}"
    return f"{amount:,.2f}"


def percent(rate: Decimal | float | None, t: Texts) -> str:
    return t("not_known") if rate is None or pd.isna(rate) else f"{float(rate) * 100:.1f}%"


def month_name(month: date, t: Texts) -> str:
    return f"{month.year} 年 {month.month} 月" if t.language == "zh" else f"{month:%b %Y}"


def as_date(value: Any) -> date:
    day: date = pd.Timestamp(value).date()
    return day


def months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def choose(
    label: str,
    options: list[Choice],
    key: str,
    format_func: Callable[[Choice], str],
    default: Choice | None = None,
    tip: str | None = None,
) -> Choice:
    """A select box whose choice outlives a change of its words; without one, `default`.

    The browser remembers a choice by its text. When the text of the same choice changes, as with
    the language, the choice is set anew: the browser would go on with a text no option has.
    """
    held = st.session_state.get(key)
    seen = f"{key}_seen"
    if held not in options:
        held = options[0] if default is None else default
        st.session_state[key] = held
    elif seen in st.session_state and st.session_state[seen] != (held, format_func(held)):
        st.session_state[key] = held
    st.session_state[seen] = (held, format_func(held))
    chosen: Choice = st.selectbox(label, options, key=key, format_func=format_func, help=tip)
    return chosen


def choose_language() -> Texts:
    """The language switch; the address remembers it."""
    wanted = st.query_params.get("lang", "en")
    chosen = st.segmented_control(
        "Language / 语言",
        LANGUAGES,
        default=wanted if wanted in LANGUAGES else "en",
        required=True,
        key="language",
        format_func=lambda code: texts(code)("language"),
        label_visibility="collapsed",
    )
    st.query_params["lang"] = chosen
    return texts(chosen)


def choose_user(restricted: Snapshot | None, tenant: str, t: Texts) -> str | None:
    """The signed-in user's name; None when nobody is."""
    if restricted is None or not demo_sign_in_allowed():
        st.caption(t("signed_out"))
        return None
    grants = read_grants(restricted)

    def label(name: str) -> str:
        if name == _NOBODY:
            return t("signed_out")
        role = role_in(grants, name, tenant)
        words = t(f"role_{role}") if role else t("role_none")
        return name if words.casefold() == name.casefold() else f"{name} ({words})"

    names = sorted({grant.user_name for grant in grants})
    choice = choose(t("sign_in"), [_NOBODY, *names], "user", label, tip=t("sign_in_help"))
    return choice if choice != _NOBODY else None


def choose_tenant(reader: Snapshot, t: Texts) -> str:
    answer = reader.query("select distinct tenant from mart_headline_by_month order by tenant")
    names = [str(row["tenant"]) for row in answer.rows()]
    wanted = st.query_params.get("tenant", "")
    default: str = wanted if wanted in names else names[0]
    chosen: str = choose(t("tenant"), names, "tenant", str, default)
    st.query_params["tenant"] = chosen
    return chosen


def show_status(reader: Snapshot, t: Texts) -> None:
    """Version, as-of, age, gates and quarantine; and plainly when a gate held or data are old."""
    manifest = reader.manifest
    as_of = date.fromisoformat(manifest["as_of_date"])
    age = now() - datetime.fromisoformat(manifest["published_at"])
    hours = max(int(age.total_seconds() // 3600), 0)
    attempt = last_attempt()
    if attempt:
        gate = attempt.get("failed_gate")
        st.error(
            t(
                "held",
                as_of=attempt.get("as_of_date"),
                gate=t(f"gate_{gate}") if gate in _GATES else gate,
                message=attempt.get("message", ""),
            ),
            icon=":material/front_hand:",
        )
    if hours >= _STALE_AFTER_DAYS * 24:
        st.warning(t("stale", days=hours // 24), icon=":material/history:")
    columns = st.columns([2.2, 1.2, 0.8, 1.5, 1.5, 1.5, 1.1])
    columns[0].metric(t("version"), manifest["version"])
    columns[1].metric(t("as_of"), str(as_of))
    columns[2].metric(
        t("age"), t("age_hours", hours=hours) if hours < 48 else t("age_days", days=hours // 24)
    )
    summary = {gate["gate"]: gate for gate in manifest["gates"]}
    for column, gate in zip(columns[3:6], _GATES, strict=True):
        result = summary.get(gate)
        if result is None:
            column.metric(f"{t('gates')}: {t(f'gate_{gate}')}", t("not_known"))
            continue
        column.metric(
            f"{t('gates')}: {t(f'gate_{gate}')}",
            t("gate_passed") if result["passed"] else t("gate_failed"),
            help=t("gate_checks", checks=result["checks"], warned=result["warned"]),
        )
        column.caption(t("gate_checks", checks=result["checks"], warned=result["warned"]))
    columns[6].metric(t("quarantine"), f"{manifest['quarantine_count']:,}")


def show_late_sources(reader: Snapshot, tenant: str, t: Texts) -> None:
    """One line when a source was late, or failing, as of the version; nothing when all is well."""
    if _FRESHNESS not in reader.manifest["tables"]:
        return  # a version from before freshness was published
    rows = reader.query(sql("late_sources"), {"tenant": tenant}).rows()
    if not rows:
        return

    def said(row: dict[str, Any]) -> str:
        parts = [t(f"source_{row['state']}", source=row["source_system"])]
        if row["last_loaded_at"] is not None:
            parts.append(t("source_loaded", at=f"{row['last_loaded_at']:%Y-%m-%d %H:%M}"))
        if row["failing_since"] is not None:
            since = f"{row['failing_since']:%Y-%m-%d %H:%M}"
            parts.append(t(f"failure_{row['failure_kind']}", since=since))
        return t("list_comma").join(parts)

    listed = t("list_semicolon").join(said(row) for row in rows)
    st.warning(t("late_sources", sources=listed), icon=":material/sync_problem:")


def show_headline(frame: pd.DataFrame, t: Texts) -> None:
    """Six numbers of one month, each with its n, its change and its last twelve months."""
    frame = frame.assign(month=frame["month"].map(as_date))
    months = frame["month"].tolist()
    partial = dict(zip(months, frame["is_partial"], strict=True))
    complete = [month for month in months if not partial[month]]
    st.subheader(t("headline"))
    chooser, unit = st.columns([1, 3], vertical_alignment="bottom")
    unit.caption(t("amounts_in", currency=frame["currency_code"].iloc[-1]))
    with chooser:
        month = choose(
            t("month"),
            months[::-1],
            "month",
            lambda m: (
                t("partial_month", month=month_name(m, t)) if partial[m] else month_name(m, t)
            ),
            complete[-1] if complete else None,
        )
    position = months.index(month)
    row = frame.iloc[position]
    previous = frame.iloc[position - 1] if position else None
    recent = frame.iloc[max(0, position - 11) : position + 1]
    tiles: list[tuple[str, str, str]] = [
        ("leads_created_count", "count", ""),
        ("won_amount", "money", t("n_won", n=row["won_count"])),
        ("win_rate_by_close_month", "rate", t("n_deals", n=row["opportunities_closed_count"])),
        ("invoiced_net_amount", "money", ""),
        ("cash_collected_amount", "money", ""),
        ("csat_positive_rate", "rate", t("n_answers", n=row["csat_response_count"])),
    ]
    for column, (name, kind, sample) in zip(st.columns(len(tiles)), tiles, strict=True):
        value = row[name]
        before = None if previous is None else previous[name]
        delta = None
        if before is not None and not pd.isna(before) and not pd.isna(value):
            if kind == "rate":
                points = f"{(float(value) - float(before)) * 100:+.1f}"
                delta = t("percentage_points", change=points)
            elif before:
                delta = f"{(float(value) / float(before) - 1) * 100:+.1f}%"
        shown = {
            "count": lambda v: f"{int(v):,}",
            "money": lambda v: money(v, t),
            "rate": lambda v: percent(v, t),
        }[kind](value)
        column.metric(
            t(name),
            shown,
            delta,
            chart_data=[float(v) if not pd.isna(v) else 0.0 for v in recent[name]],
            chart_type="line",
            border=True,
            help=t("versus_previous"),
        )
        column.caption(sample or " ")


def show_funnel(reader: Snapshot, tenant: str, last_complete: date, t: Texts) -> None:
    st.subheader(t("funnel"))
    window = st.segmented_control(
        t("funnel_window"),
        (12, 24, 36),
        default=12,
        required=True,
        key="window",
        format_func=lambda n: t("window_months", n=n),
    )
    count = int(window)
    first = months_before(last_complete, count - 1)
    frame = reader.query(
        sql("funnel"),
        {
            "tenant": tenant,
            "pipeline_id": _PIPELINE,
            "first_month": first,
            "last_month": last_complete,
        },
    ).pandas()
    if frame.empty:
        st.info(t("not_known"))
        return
    frame["stage"] = frame[f"stage_name_{t.language}"]
    frame["total_count"] = frame["qualified_count"] + frame["unqualified_count"]
    entered = float(frame["entered_count"].iloc[0])
    frame["rate_label"] = [
        f"{int(total):,} · {percent(float(total) / entered if entered else None, t)}"
        for total in frame["total_count"]
    ]
    for name in ("qualified_count", "unqualified_count", "total_count"):
        frame[name] = frame[name].astype(float)
    open_share = float(frame["open_count"].iloc[0]) / entered if entered else None
    st.altair_chart(funnel_chart(frame, t), width="stretch")
    st.caption(
        t(
            "funnel_caption",
            n=count,
            first=month_name(first, t),
            last=month_name(last_complete, t),
            open_share=percent(open_share, t),
        )
    )


def show_retention(reader: Snapshot, tenant: str, last_complete: date, t: Texts) -> None:
    st.subheader(t("triangle"))
    measures = ("logo_retention_rate", "revenue_retention_rate")
    measure = st.segmented_control(
        t("triangle_measure"),
        measures,
        default=measures[0],
        required=True,
        key="measure",
        format_func=t,
    )
    frame = reader.query(
        sql("retention"), {"tenant": tenant, "first_month": months_before(last_complete, 12)}
    ).pandas()
    if frame.empty:
        st.info(t("not_known"))
        return
    frame["share"] = frame[measure].astype(float)
    frame["cohort"] = [
        f"{as_date(month):%Y-%m} ({size})"
        for month, size in zip(frame["cohort_month"], frame["cohort_size"], strict=True)
    ]
    frame["label"] = [
        "" if pd.isna(share) else f"{share * 100:.0f}{'*' if partial else ''}"
        for share, partial in zip(frame["share"], frame["is_partial"], strict=True)
    ]
    shown = frame[["cohort", "month_number", "share", "label", "cohort_size"]]
    st.altair_chart(retention_chart(shown, t), width="stretch")
    st.caption(t("triangle_caption"))


def localised(frame: pd.DataFrame, t: Texts) -> pd.DataFrame:
    """Column names in the reader's language, rates as percentages, codes and months as words."""
    shown = frame.copy()
    for name in shown.columns:
        if name.endswith("_rate"):
            shown[name] = [percent(value, t) for value in shown[name]]
        elif name.endswith("_month"):
            shown[name] = [month_name(as_date(value), t) for value in shown[name]]
        elif name.endswith("_number") and name != "employee_number":
            shown[name] = shown[name].astype("Int64")
    if "state" in shown:
        shown["state"] = [t(f"state_{state}") for state in shown["state"]]
    if "line_type" in shown:
        shown["line_type"] = [
            t("reversal_of") if reversal else t(f"line_{kind}")
            for kind, reversal in zip(shown["line_type"], shown["is_reversal"], strict=True)
        ]
        shown = shown.drop(columns="is_reversal")
    return shown.rename(columns={name: t(name) for name in shown.columns})


def show_table(frame: pd.DataFrame) -> None:
    st.dataframe(styled(frame), hide_index=True, width="stretch", placeholder=UNKNOWN)


def show_totals(frame: pd.DataFrame, amounts: tuple[str, ...], t: Texts) -> None:
    """One line a currency: the exact sum of each amount, and how many of them are not known."""
    for total in totals(frame, amounts):
        sums = " · ".join(f"{t(name)} **{total.sums[name]:,.2f}**" for name in amounts)
        unknown = f" · {t('total_unknown', n=total.unknown)}" if total.unknown else ""
        st.markdown(f"{t('total', currency=total.currency_code)} · {sums}{unknown}")


def choose_payee(payees: pd.DataFrame, t: Texts) -> str | None:
    """One employee number, or None for all payees."""
    names = dict(zip(payees["employee_number"], payees["rep_name"], strict=True))

    def label(number: str) -> str:
        if number == _ALL:
            return t("payee_all")
        return f"{number} · {names[number]}" if names[number] else number

    chosen = choose(t("payee"), [_ALL, *names], "payee", label)
    return chosen if chosen != _ALL else None


def show_commission(restricted: Snapshot | None, user: str | None, tenant: str, t: Texts) -> None:
    st.subheader(t("commission"))
    if user is None or restricted is None:
        st.info(t("commission_signed_out"), icon=":material/lock:")
        return
    grants = read_grants(restricted)
    scope = pay_scope(grants, user, tenant)
    role = role_in(grants, user, tenant)
    st.caption(t(f"sees_{role}" if role else "sees_nothing", tenant=tenant))
    periods = pay_rows(restricted, user, tenant, "commission_periods")
    payees = pay_rows(restricted, user, tenant, "commission_payees")
    if role is None or role == "analyst":
        st.info(t("commission_none"), icon=":material/lock:")
        return
    if periods is None or payees is None or periods.empty:
        st.info(t("commission_nobody" if scope.all_payees else "commission_no_statement"))
        return
    months = [as_date(value) for value in periods["period_month"]]
    left, right = st.columns([1, 3])
    with left:
        period = choose(
            t("commission_period"),
            months,
            "period",
            lambda month: month_name(month, t),
            months[min(1, len(months) - 1)],
        )
    payee = None
    if scope.all_payees:
        with right:
            payee = choose_payee(payees, t)
    statement = pay_rows(restricted, user, tenant, "commission_statement", period, payee)
    lines = pay_rows(restricted, user, tenant, "commission_lines", period, payee)
    payroll = pay_rows(restricted, user, tenant, "payroll", period, payee)
    if statement is None or lines is None or payroll is None:
        return
    if statement.empty:
        st.info(t("commission_empty"))
    else:
        show_table(localised(statement, t))
        show_totals(statement, _STATEMENT_AMOUNTS, t)
    with st.expander(f"{t('why')} ({len(lines):,})", key="why"):
        st.caption(t("why_caption"))
        show_table(localised(lines, t))
    with st.expander(f"{t('payroll')} ({len(payroll):,})", expanded=True, key="payroll"):
        show_table(localised(payroll, t))
        show_totals(payroll, _PAYROLL_AMOUNTS, t)


def show_quality(reader: Snapshot, tenant: str, last_complete: date, t: Texts) -> None:
    st.subheader(t("quality"))
    frame = reader.query(
        sql("violations"), {"tenant": tenant, "first_month": months_before(last_complete, 11)}
    ).pandas()
    currency = frame["currency_code"].iloc[0] if len(frame) else ""
    shown = pd.DataFrame(
        {
            t("quality_rule"): frame["rule_id"],
            t("quality_entries"): frame["entry_count"],
            t("quality_violations"): frame["violation_count"],
            t("quality_rate"): [
                percent(float(v) / float(n) if n else None, t)
                for v, n in zip(frame["violation_count"], frame["entry_count"], strict=True)
            ],
            f"{t('quality_fault')} ({currency})": frame["amount_at_fault"],
        }
    )
    show_table(shown)
    st.caption(t("quality_caption"))


def main() -> None:
    """Renders the page."""
    st.set_page_config(page_title="Closebook", page_icon=":material/menu_book:", layout="wide")
    title, controls = st.columns([3, 2])
    with controls:
        t = choose_language()
    title.title(t("title"))
    title.caption(t("subtitle"))
    try:
        reader, restricted = pinned_version(readers())
    except NothingPublishedError:
        st.info(t("no_version"), icon=":material/hourglass_empty:")
        return
    with controls:
        left, right = st.columns(2)
        with left:
            tenant = choose_tenant(reader, t)
        with right:
            user = choose_user(restricted, tenant, t)
    show_status(reader, t)
    show_late_sources(reader, tenant, t)
    headline = reader.query(sql("headline"), {"tenant": tenant}).pandas()
    complete = headline.loc[~headline["is_partial"], "month"]
    last_complete = as_date(complete.iloc[-1] if len(complete) else headline["month"].iloc[-1])
    show_headline(headline, t)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        show_funnel(reader, tenant, last_complete, t)
    with right:
        show_retention(reader, tenant, last_complete, t)
    show_commission(restricted, user, tenant, t)
    show_quality(reader, tenant, last_complete, t)
    st.caption(f"**{t('definition')}** · {t('definition_text')}")


main()
