//! The scenario language: YAML in, a typed script with source positions out.
//!
//! [`load`] reads a file into one [`Scenario`] for each cell of its matrix, or says everything that is wrong with it.
//! [`script`] is what a scenario comes to; it is all that the runner needs to know. [`to_yaml`] writes one back, resolved;
//! [`schema`] is the language for editors.
//! `docs/scenarios.md` explains the language.

mod call;
mod diagnostic;
mod edit;
mod expectation;
mod fields;
mod happening;
mod load;
mod message;
mod plan;
mod quantity;
mod report;
mod resolve;
mod schema;
mod scope;
pub mod script;
mod server;
mod tree;
mod write;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use load::{load, parse};
pub use schema::schema;
pub use script::Scenario;
pub use write::to_yaml;
