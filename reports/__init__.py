"""Reports: read and write run folders, compute metrics, decide gates, render. Knows neither victims nor attacks."""
