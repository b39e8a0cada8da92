"""What the page shows, run by Streamlit's own test harness on a published version."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards.i18n import LANGUAGES, texts
from tests.e2e.installation import Installation
from warehouse.home import Home

ROOT = Path(__file__).parents[2]
APP = ROOT / "dashboards" / "app.py"


def _page(
    demo: Installation,
    monkeypatch: pytest.MonkeyPatch,
    language: str = "en",
    tenant: str = "aurora",
) -> AppTest:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(demo.home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", demo.now)
    monkeypatch.setenv("CLOSEBOOK_DEMO_SIGN_IN", "1")
    monkeypatch.setattr("streamlit.get_option", lambda name: "127.0.0.1")
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params["lang"] = language
    page.query_params["tenant"] = tenant
    return page.run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_renders_in_both_languages(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    page = _page(demo, monkeypatch, language)
    t = texts(language)
    assert not page.exception
    headings = [heading.value for heading in page.subheader]
    for key in ("headline", "funnel", "triangle", "commission", "quality"):
        assert t(key) in headings
    labels = {metric.label for metric in page.metric}
    assert t("won_amount") in labels
    assert t("amounts_in", currency="CNY") in [caption.value for caption in page.caption]
    assert t("version") in labels


@pytest.mark.parametrize("tenant", ["aurora", "borealis"])
def test_the_tiles_are_the_marts_numbers(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    page = _page(demo, monkeypatch, tenant=tenant)
    complete = [
        row
        for row in demo.published()["mart_headline_by_month"]
        if row["tenant"] == tenant and not row["is_partial"]
    ]
    last = max(complete, key=lambda row: row["month"])
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["New leads"] == f"{last['leads_created_count']:,}"
    assert shown["Win rate by close"] == f"{last['win_rate_by_close_month'] * 100:.1f}%"
    won = last["opportunities_won_count"] + last["other_type_won_count"]
    assert f"n = {won} deals" in [caption.value for caption in page.caption], (
        "all whose amount it is"
    )


def test_version_gates_and_quarantine_are_on_the_page(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _page(demo, monkeypatch)
    manifest = json.loads((demo.home.published / "current" / "manifest.json").read_text())
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Version"] == manifest["version"]
    assert shown["As of"] == manifest["as_of_date"]
    assert shown["In quarantine"] == f"{manifest['quarantine_count']:,}"
    assert [value for label, value in shown.items() if label.startswith("Gates")] == [
        "✓ passed"
    ] * 3
    assert not page.error


def test_a_held_gate_is_said_plainly(demo: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = demo.home.published / "last_attempt.json"
    attempt.write_text(
        json.dumps(
            {
                "as_of_date": "2026-07-02",
                "attempted_at": "2026-07-01T19:00:00+00:00",
                "failed_gate": "stage_entry",
                "message": "stage 'Verbal yes' is not in the process",
                "failed_checks": [],
            }
        )
    )
    try:
        page = _page(demo, monkeypatch)
        assert "Verbal yes" in page.error[0].value
        assert "Stage entry" in page.error[0].value
    finally:
        attempt.unlink()


def test_old_numbers_are_called_old(demo: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _page(demo, monkeypatch)
    assert not page.warning
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-09T03:00:00+08:00")
    assert "8 days old" in page.run().warning[0].value


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (
            "en",
            "Sources, as of this version: salesforce fails, last loaded 2026-06-30 19:00 UTC, "
            "answers with errors since 2026-07-01 01:00 UTC; stripe is late, last loaded "
            "2026-06-28 03:00 UTC, does not answer since 2026-06-28 04:00 UTC; "
            "zendesk was never loaded.",
        ),
        (
            "zh",
            "截至本版本的数据源状态：salesforce 读取失败，最近加载 2026-06-30 19:00 UTC，"
            "自 2026-07-01 01:00 UTC 起返回错误；stripe 延迟，最近加载 2026-06-28 03:00 UTC，"
            "自 2026-06-28 04:00 UTC 起无响应；zendesk 从未加载。",
        ),
    ],
)
def test_a_late_source_is_said_in_one_line_of_its_company(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str, line: str
) -> None:
    published = tmp_path / "published"
    shutil.copytree(demo.home.published, published, symlinks=True)
    file = published / "current" / "open" / "closebook.duckdb"
    file.parent.chmod(0o750)
    file.chmod(0o640)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            """
            update mart_freshness_by_source_tenant_resource set
                state = case source_system
                    when 'stripe' then 'late' when 'zendesk' then 'never_loaded' else state end,
                last_loaded_at = case source_system
                    when 'stripe' then timestamp '2026-06-28 03:00'
                    when 'salesforce' then last_loaded_at end,
                failing_since = case source_system
                    when 'stripe' then timestamp '2026-06-28 04:00'
                    when 'salesforce' then timestamp '2026-07-01 01:00' end,
                failure_kind = case source_system
                    when 'stripe' then 'unreachable' when 'salesforce' then 'unwell' end
            where tenant = 'aurora' and source_system <> 'files'
            """
        )
    monkeypatch.setattr(demo, "home", Home(tmp_path))
    st.cache_resource.clear()  # the readers of the other pages are on the demo's home
    try:
        page = _page(demo, monkeypatch, language)
        assert [warning.value for warning in page.warning] == [line]
        assert not _page(demo, monkeypatch, language, tenant="borealis").warning
    finally:
        st.cache_resource.clear()


def _sign_in(page: AppTest, user: str) -> AppTest:
    return page.selectbox(key="user").select(user).run()


def _table(page: AppTest, column: str) -> pd.DataFrame:
    frame: pd.DataFrame = next(f.value for f in page.dataframe if column in f.value.columns)
    return frame


def test_a_switch_of_language_keeps_every_choice(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _page(demo, monkeypatch)
    page.selectbox(key="tenant").select("borealis").run()
    _sign_in(page, "finance")
    for key in ("month", "period", "payee"):
        box = page.selectbox(key=key)
        box.select_index(len(box.options) - 3).run()
    page.segmented_control(key="window").set_value(24).run()
    page.segmented_control(key="measure").set_value("revenue_retention_rate").run()

    def choices() -> dict[str, object]:
        boxes = {str(box.key): box.value for box in page.selectbox}
        return boxes | {key: page.segmented_control(key=key).value for key in ("window", "measure")}

    before = choices()
    assert set(before) == {"tenant", "user", "month", "period", "payee", "window", "measure"}
    page.segmented_control(key="language").set_value("zh").run()
    assert not page.exception
    assert texts("zh")("headline") in [heading.value for heading in page.subheader]
    assert choices() == before


@pytest.mark.parametrize(
    ("language", "options"),
    [
        ("en", ["Not signed in", "admin", "analyst", "finance", "manager", "rep"]),
        (
            "zh",
            [
                "未登录",
                "admin (管理员)",
                "analyst (分析师)",
                "finance (财务)",
                "manager (销售经理)",
                "rep (销售)",
            ],
        ),
    ],
)
def test_the_sign_in_names_the_role_only_where_it_says_more_than_the_name(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, language: str, options: list[str]
) -> None:
    page = _page(demo, monkeypatch, language)
    assert page.selectbox(key="user").options == options


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_is_told_what_it_may_see(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    t = texts(language)
    page = _page(demo, monkeypatch, language)
    for role in ("rep", "manager", "finance", "admin", "analyst"):
        page = _sign_in(page, role)
        captions = [caption.value for caption in page.caption]
        assert t(f"sees_{role}", tenant="aurora") in captions
        told = [info.value for info in page.info]
        assert (t("commission_no_statement") in told) == (role == "manager")
        assert (t("commission_none") in told) == (role == "analyst")
    page = _sign_in(page, "rep")
    page = page.selectbox(key="tenant").select("borealis").run()
    assert t("sees_nothing", tenant="borealis") in [caption.value for caption in page.caption]


def test_one_payee_of_all_filters_statement_lines_and_payroll(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _sign_in(_page(demo, monkeypatch), "finance")
    tables = demo.published()
    period = page.selectbox(key="period").value
    lines = [
        row
        for row in tables["mart_commission_statement_line"]
        if row["tenant"] == "aurora" and row["period_month"] == period
    ]
    assert len(_table(page, "Deal")) == len(lines)
    payee = lines[0]["employee_number"]
    own = [row for row in lines if row["employee_number"] == payee]
    assert 0 < len(own) < len(lines)
    page = page.selectbox(key="payee").select(payee).run()
    for column in ("Payable", "Deal", "Paid"):
        assert set(_table(page, column)["Employee"]) == {payee}
    shown = _table(page, "Deal")
    assert sorted(shown["Payment"]) == sorted(row["payment_source_id"] for row in own)
    assert {"Month of credit", "Quota", "Tier", "Refund", "FX rate"} <= set(shown.columns)
    payable = next(
        row["payable_amount"]
        for row in tables["mart_commission_statement"]
        if (row["tenant"], row["period_month"], row["employee_number"]) == ("aurora", period, payee)
    )
    totals = [line.value for line in page.markdown if line.value.startswith("Total CNY")]
    assert len(totals) == 2
    assert f"Payable **{payable:,.2f}**" in totals[0]
    assert f"Statement **{payable:,.2f}**" in totals[1]


def test_the_payroll_comparison_begins_with_what_differs(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = demo.published()["mart_payroll_reconciliation"]
    month = max(
        row["period_month"]
        for row in rows
        if row["tenant"] == "aurora" and row["state"] == "unexpected_in_payroll"
    )
    page = _sign_in(_page(demo, monkeypatch), "finance")
    page = page.selectbox(key="period").select(month).run()
    states = [state[0] for state in _table(page, "Paid")["State"]]
    assert {"✗", "✓"} <= set(states)
    assert states == sorted(states, key="✗…✓".index)


def test_the_window_of_the_funnel_is_short_enough_to_be_read(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = _page(demo, monkeypatch).segmented_control(key="window")
    assert [option.content for option in window.proto.options] == [
        "12 months",
        "24 months",
        "36 months",
    ]
    assert "complete months" in window.label


def test_a_rep_sees_their_own_statement_and_nobody_elses(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _sign_in(_page(demo, monkeypatch), "rep")
    assert not page.exception
    assert not any(box.key == "payee" for box in page.selectbox)
    grants = demo.published()["dim_access_grant"]
    own = next(row["employee_number"] for row in grants if row["user_name"] == "rep")
    tables = [frame.value for frame in page.dataframe if "Employee" in frame.value.columns]
    assert tables
    for table in tables:
        assert set(table["Employee"]) <= {own}


def test_finance_sees_every_payee(demo: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _sign_in(_page(demo, monkeypatch), "finance")
    statement = next(f.value for f in page.dataframe if "Payable" in f.value.columns)
    assert len(set(statement["Employee"])) > 1


def _pay_months(demo: Installation, tenant: str) -> list[date]:
    """Every month with an amount missing, and every twelfth of the others, newest first."""
    tables = demo.published()
    missing = {
        row["period_month"]
        for name in ("mart_commission_statement", "mart_payroll_reconciliation")
        for row in tables[name]
        if row["tenant"] == tenant
        and any(value is None for column, value in row.items() if column.endswith("_amount"))
    }
    months = {
        row["period_month"]
        for row in tables["mart_commission_statement"]
        if row["tenant"] == tenant
    }
    assert missing & months, "no month of the demo misses an amount: the test shows little"
    return sorted({*missing & months, *sorted(months)[::12]}, reverse=True)


@pytest.mark.parametrize("tenant", ["aurora", "borealis"])
def test_no_user_in_no_month_meets_an_error(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    all_months = _pay_months(demo, tenant)
    page = _page(demo, monkeypatch, tenant=tenant)
    seen = 0
    for user in sorted({row["user_name"] for row in demo.published()["dim_access_grant"]}):
        page = _sign_in(page, user)
        assert not page.exception, user
        # What finance sees holds what anybody else does.
        months = all_months if user == "finance" else all_months[:2]
        for month in months:
            period = next((box for box in page.selectbox if box.label == "Period"), None)
            if period is None or f"{month:%b %Y}" not in period.options:
                continue
            page = period.select(month).run()
            assert not page.exception, (user, month)
            seen += 1
    assert seen >= len(all_months) + 2, "finance and admin see every month"


def test_the_cockpit_keeps_the_details_of_an_error_to_the_log() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["client"]["showErrorDetails"] == "none"


@pytest.mark.parametrize("user", ["analyst", None])
def test_analysts_and_strangers_see_no_pay(
    demo: Installation, monkeypatch: pytest.MonkeyPatch, user: str | None
) -> None:
    page = _page(demo, monkeypatch)
    if user:
        page = _sign_in(page, user)
    assert not any("Employee" in frame.value.columns for frame in page.dataframe)


def test_nobody_signs_in_without_the_demo_or_off_loopback(
    demo: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _page(demo, monkeypatch)
    assert any(box.label == "Signed in as" for box in page.selectbox)
    monkeypatch.setattr("streamlit.get_option", lambda name: "0.0.0.0")
    assert not any(box.label == "Signed in as" for box in page.run().selectbox)
    monkeypatch.setattr("streamlit.get_option", lambda name: "127.0.0.1")
    monkeypatch.delenv("CLOSEBOOK_DEMO_SIGN_IN")
    assert not any(box.label == "Signed in as" for box in page.run().selectbox)


def test_without_a_version_the_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    st.cache_resource.clear()
    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path))
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    assert "closebook run" in page.info[0].value
    st.cache_resource.clear()
