"""Who may ask: keys and the accounts behind them."""
