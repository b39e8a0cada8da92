"""Which changes the mutation run makes, and that each is made where it was meant."""

from __future__ import annotations

import pytest

from benchmarks.mutate.mutations import (
    AlignmentError,
    apply,
    compiled_mutation,
    mutations,
)


def changes(sql: str) -> set[str]:
    return {apply(sql, mutation.edits) for mutation in mutations("model", sql)}


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("select a >= b", "select a > b"),
        ("select a < b", "select a <= b"),
        ("select a = b", "select a <> b"),
        ("select a + b", "select a - b"),
        ("select sum(a)", "select max(a)"),
        ("select min(a)", "select max(a)"),
        ("select count(distinct a)", "select count(a)"),
        ("select coalesce(f(a, b), 0) as c", "select (f(a, b)) as c"),
        ("select a is null", "select a is not null"),
        ("select a is not null", "select a is null"),
        ("from a left join b using (c)", "from a inner join b using (c)"),
        ("from a inner join b using (c)", "from a left join b using (c)"),
        ("from a where x and y or z", "from a where x or y or z"),
        ("from a where x and y", "from a where true and y"),
        ("from a where x and y", "from a where x and true"),
        ("from a where x between 1 and 2 and y", "from a where x between 1 and 2 and true"),
        ("from a where x group by y", "from a where true group by y"),
        ("(select 1 from a where x)", "(select 1 from a where true)"),
        ("select sum(a) over (order by b, c desc)", "select sum(a) over (order by b desc, c desc)"),
        ("select sum(a) over (order by b, c desc)", "select sum(a) over (order by b, c asc)"),
        ("select 0.05", "select 0.06"),
        ("select 0.9", "select 1.0"),
        ("{{ dbt.dateadd('day', 60, 'a') }}", "{{ dbt.dateadd('day', 61, 'a') }}"),
    ],
)
def test_a_change_is_made(sql: str, changed: str) -> None:
    assert changed in changes(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select 'a >= 1 and b' as c",
        "-- a >= 1 and b\nselect a",
        "select {{ rd_ratio('a - b', 'c', 2) }} as d",
        "select cast(a as decimal(18, 2))",
        "select count(case when a then 1 end)",
        "from a left outer join b on true",
    ],
)
def test_what_is_no_change_of_meaning_is_left_alone(sql: str) -> None:
    assert not mutations("model", sql)


def test_the_and_of_a_range_is_not_swapped() -> None:
    assert "where x between 1 or 2" not in " ".join(changes("from a where x between 1 and 2"))


def test_a_change_is_found_again_in_the_compiled_model() -> None:
    sql = "select a\nfrom {{ ref('b') }}\nwhere a > 1 and {{ is_valid_on('a', 'b') }}\n"
    compiled = 'select a\nfrom "w"."s"."b"\nwhere a > 1 and a > b.valid_from and a > 1'
    found = {compiled_mutation(mutation, sql, compiled) for mutation in mutations("model", sql)}
    before = 'select a\nfrom "w"."s"."b"\nwhere '
    assert found == {
        before + "a >= 1 and a > b.valid_from and a > 1",
        before + "a > 2 and a > b.valid_from and a > 1",
        before + "a > 1 or a > b.valid_from and a > 1",
        before + "true and a > b.valid_from and a > 1",
        before + "a > 1 and true",
    }


def test_a_hook_that_holds_jinja_is_no_text_of_the_model() -> None:
    sql = """{{ config(pre_hook="{{ forget_changed('a') }} where a > 1") }}\nselect a > b"""
    (mutation,) = mutations("model", sql)
    assert compiled_mutation(mutation, sql, "\nselect a > b") == "\nselect a >= b"


def test_a_file_that_is_not_what_was_compiled_is_refused() -> None:
    mutation = mutations("model", "select a > b")[0]
    with pytest.raises(AlignmentError):
        compiled_mutation(mutation, "select a > b", "select a < b")


def test_a_change_is_named_by_its_line_and_the_line_before_and_after() -> None:
    mutation = mutations("model", "select a\nfrom b\n    where c > 1")[1]
    assert (mutation.line, mutation.change) == (3, "where c > 1 -> where c >= 1")
