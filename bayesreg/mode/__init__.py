"""The mode and its proof."""
