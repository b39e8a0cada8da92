"""Changes the models one operator at a time; the answer key or a test must notice each change."""
