//! Offers and answers as they are made, and what follows from one on the next.

mod data;
