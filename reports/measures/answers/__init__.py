"""How answers are graded and split: quality, kinds of answers, errors of words, injections in their arms."""
