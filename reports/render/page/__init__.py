"""``report.html`` and what its parts are drawn from."""
