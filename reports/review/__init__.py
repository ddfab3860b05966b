"""Human raters: blinded samples of failures, and success adjusted for their answers."""
