"""What is measured: how sharp the tests are (`mutate`), how fast the pipeline is (`make bench`)."""
