//! Offers and answers as they are made, and what follows from one on the next.

mod answers;
mod data;
mod limits;
mod offers;
mod properties;
mod side;
