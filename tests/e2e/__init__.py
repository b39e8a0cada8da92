"""The whole pipeline: vendors over HTTP to a published version."""
