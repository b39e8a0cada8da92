"""`python -m warehouse` is the `closebook` command."""

from warehouse.cli import main

main()
