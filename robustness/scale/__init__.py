"""Runs spread over many processes or machines: our own queue and ledger, with Ray to start processes and to carry messages."""
