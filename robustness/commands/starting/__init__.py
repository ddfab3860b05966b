"""Commands for the first hour and the loop after it: one text at a time, a project's files, saved failures while one mends."""
