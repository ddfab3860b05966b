"""Names that pytest's plugin and what it collects share; the plugin is loaded by every pytest run and stays light."""

FILE = "robustness.toml"
"""The policy file that is collected."""
ALLOW = "robustness_allow_local_code"
"""The option of pytest's configuration that lets it name code."""
