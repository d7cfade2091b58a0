"""`python -m waystation`: the same as the command `waystation`."""

from waystation.cli import main

if __name__ == "__main__":
    main(prog_name="waystation")
