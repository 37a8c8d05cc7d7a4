"""Builds the emoji example's data from Debian's Noto, CLDR and Unicode files."""
