"""What the smaller commands do: translate, audit, conventions."""
