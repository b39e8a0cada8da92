"""What is expected at each border, as data: one function a table."""
