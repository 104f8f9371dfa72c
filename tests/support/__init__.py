"""What tests share: running infrastructure, builders, clocks."""
