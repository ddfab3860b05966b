"""What several commands of the workbench share: a first look at victim and data, runs picked from others."""
