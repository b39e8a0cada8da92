"""The demo company: a seeded world, its answer key, and servers that speak its vendors' protocols."""
