"""Examples that come with the package: victims, data, prompts, notebooks. ``robustness examples`` lists and copies them."""
