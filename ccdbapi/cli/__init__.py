"""The ccdbapi command."""
