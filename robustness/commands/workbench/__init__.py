"""Commands that open the workbench."""
