//! The scenario language: YAML in, a typed script with source positions out.
