"""A stand-in ENA: a real HTTP server over made-up and sparse real records (``spec/ena.md`` §12).

Standard library only and no Django settings, so ``python -m ena.standin`` starts anywhere.
"""
