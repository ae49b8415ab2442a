//! Verdicts in; the terminal matrix and the ledger of expected failures out.

mod cell;
pub mod ledger;
pub mod terminal;

pub use cell::{CellReport, Class, Summary, classify};
pub use ledger::{Ledger, LedgerError};
