"""Commands that help to work with what there is."""
