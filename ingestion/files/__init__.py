"""Files: a folder of CSV and a mapping in YAML, straight to the canonical entities."""
