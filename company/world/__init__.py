"""The demo company's world: everything its vendors' systems hold at any instant of three years."""

from company.world.build import WorldSummary, build_world

__all__ = ["WorldSummary", "build_world"]
