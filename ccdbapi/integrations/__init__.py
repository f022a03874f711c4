"""What other programs ask of a driver, a module for each. Nothing else in this package imports them."""
