"""Choosing one of several texts without a reference: features of candidates, selectors, and reports on what they do.

features    what a candidate is like, a small function each
store       features beside the candidates, computed once
rules, weighted, mbr, learned
            the selectors
choose      candidates and features to a choice
fitting     a selector is taught on the valid split
pool_report, explain
            what a pool gains, and why a case was decided as it was
"""
