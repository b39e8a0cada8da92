"""House rules, as programs."""
