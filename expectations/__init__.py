"""The three quality gates, evaluated by Great Expectations inside the database."""
