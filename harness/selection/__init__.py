"""Choosing one of several texts without a reference: features of candidates, selectors, and reports on what they do.

reading, features   what a candidate is like, a small function each
offers              what a pool has to choose from, in an order that has nothing to do with members
measuring, aids     features computed once, and kept
rules, weighted, learned
                    the selectors; minimum Bayes risk is a rule
choose              a selector's choice
objective, gains    what selectors are taught and judged by, and what they gain
explain             why a case was decided as it was
pool_report         what a pool gains, and what carries it
"""
