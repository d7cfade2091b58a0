"""Money: exact amounts, and what a generation costs."""
