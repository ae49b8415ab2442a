//! Verdicts in; the terminal matrix and the ledger of expected failures out.
