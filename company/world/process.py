"""The demo company's process below its stages: milestones, the steps to them, and its versions.

It was revised twice, each time amid a quarter: on `SECOND_VERSION` a sponsor replaced the internal
review in discovery; on `THIRD_VERSION` a stage and a milestone got clearer names, the sent proposal
weighed more, and the mail before it was no longer a must. A revision to come is written down.
"""

from __future__ import annotations

from datetime import date

FIRST_VERSION = date(2023, 1, 1)
SECOND_VERSION = date(2025, 8, 15)
THIRD_VERSION = date(2026, 2, 16)
_EDITED = date(2025, 2, 3)
_TO_COME = date(2026, 9, 1)

_Row = tuple[object, ...]

RENAMED_STAGES = {"proposal": ("Proposal and business case", "方案与商业论证")}
"""Stage -> its names from `THIRD_VERSION` on."""

PIPELINES: tuple[_Row, ...] = (
    (
        "default",
        "New and repeat business",
        "新客户与老客户商机",
        "opportunity",
        FIRST_VERSION,
        None,
    ),
    ("renewal", "Renewals", "续约", "growth", FIRST_VERSION, None),
)
"""pipeline_id, its names, its type, validity."""

_MILESTONES: tuple[_Row, ...] = (
    ("lead_acquired", "lead_answered", 1, "Lead answered", "已回复线索",
     "activity:email", False, 1, FIRST_VERSION, None),
    # The row was closed and written again as it was: nothing happened.
    ("qualified", "first_conversation", 1, "First conversation held", "完成首次沟通",
     "activity:call", True, 1, FIRST_VERSION, _EDITED),
    ("qualified", "first_conversation", 1, "First conversation held", "完成首次沟通",
     "activity:call", True, 1, _EDITED, None),
    ("discovery", "needs_confirmed", 1, "Needs understood", "了解需求",
     "discovery_completed_at", True, 3, FIRST_VERSION, THIRD_VERSION),
    ("discovery", "needs_confirmed", 1, "Needs confirmed by the customer", "客户确认需求",
     "discovery_completed_at", True, 3, THIRD_VERSION, None),
    ("discovery", "internal_review", 2, "Reviewed internally", "完成内部评审",
     "activity:task", False, 1, FIRST_VERSION, SECOND_VERSION),
    ("discovery", "sponsor_found", 2, "Executive sponsor found", "找到高层支持者",
     "contact_role:executive_sponsor", False, 1, SECOND_VERSION, None),
    ("proposal", "decision_maker_known", 1, "Decision maker known", "明确决策人",
     "contact_role:decision_maker", True, 2, FIRST_VERSION, None),
    ("proposal", "proposal_sent", 2, "Proposal sent", "提交方案",
     "proposal_sent_at", True, 1, FIRST_VERSION, THIRD_VERSION),
    ("proposal", "proposal_sent", 2, "Proposal sent", "提交方案",
     "proposal_sent_at", True, 2, THIRD_VERSION, None),
    ("proposal", "customer_committed", 3, "Customer committed to buy", "客户承诺采购",
     "customer_committed_at", True, 3, FIRST_VERSION, None),
    ("negotiation", "contract_agreed", 1, "Contract signed by both sides", "双方签署合同",
     "contract_signed_at", True, 3, FIRST_VERSION, None),
    ("negotiation", "network_built", 2, "Connected beyond the buyer", "建立多层人脉",
     "activity:linkedin", False, 1, FIRST_VERSION, None),
    ("negotiation", "terms_reviewed", 3, "Terms reviewed by counsel", "法务审核条款",
     "activity:task", True, 1, _TO_COME, None),
)  # fmt: skip

_STEPS: tuple[_Row, ...] = (
    ("first_conversation", "write", 1, "Write to the customer", "发送邮件",
     "email", False, FIRST_VERSION, None),
    ("first_conversation", "call", 2, "Call the customer", "电话沟通",
     "call", True, FIRST_VERSION, None),
    ("needs_confirmed", "interview", 1, "Talk the needs through", "需求访谈",
     "call", True, FIRST_VERSION, None),
    ("needs_confirmed", "minutes", 2, "Send the minutes", "发送会议纪要",
     "email", True, FIRST_VERSION, None),
    ("decision_maker_known", "map_people", 1, "Map who decides", "梳理决策链",
     "task", True, FIRST_VERSION, None),
    ("proposal_sent", "announce", 1, "Announce the proposal", "预告方案",
     "email", True, FIRST_VERSION, THIRD_VERSION),
    ("proposal_sent", "announce", 1, "Announce the proposal", "预告方案",
     "email", False, THIRD_VERSION, None),
    ("proposal_sent", "present", 2, "Present the proposal", "讲解方案",
     "call", True, FIRST_VERSION, None),
    ("customer_committed", "ask", 1, "Ask for the commitment", "请求客户承诺",
     "call", True, FIRST_VERSION, None),
    ("contract_agreed", "terms", 1, "Agree the terms", "确认合同条款",
     "call", True, FIRST_VERSION, None),
    ("contract_agreed", "contract", 2, "Send the contract", "发送合同",
     "email", True, FIRST_VERSION, None),
)  # fmt: skip


def milestones() -> list[_Row]:
    """The rows of `process_milestone`, truth values as the files spell them."""
    return [_spelled("default", *row) for row in _MILESTONES]


def steps() -> list[_Row]:
    """The rows of `process_step`."""
    return [_spelled("default", *row) for row in _STEPS]


def _spelled(*row: object) -> _Row:
    return tuple(str(value).lower() if isinstance(value, bool) else value for value in row)
