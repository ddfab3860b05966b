"""Texts that are compared with one another: about each group of people, with the options of a question in each order."""
