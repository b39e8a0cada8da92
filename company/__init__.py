"""The demo company: a seeded world, its answer key, and its vendors' protocol servers."""
