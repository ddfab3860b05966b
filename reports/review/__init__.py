"""Human raters: blinded samples of failures, and success adjusted for what they said."""
