"""``robustness view``: the workbench, served on 127.0.0.1 or written as static files."""
