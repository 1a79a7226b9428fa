"""The semantic types of UMLS that MEDCON counts."""

# fmt: off
_NUMBERS = (
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 32, 33, 34, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 67, 68, 69, 70, 74, 75, 85, 86, 87, 88, 103, 104, 109, 114, 116,
    120, 121, 122, 123, 125, 126, 127, 129, 130, 131, 184, 190, 191, 192, 195, 196, 197, 200, 201,
    203,
)
# fmt: on

SEMANTIC_TYPES = frozenset(f"T{number:03}" for number in _NUMBERS)
"""Those of the groups anatomy, chemicals and drugs, devices, disorders, genes, phenomena and physiology."""
