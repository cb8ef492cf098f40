"""bsc: binary stochastic networks on memristor crossbars."""
