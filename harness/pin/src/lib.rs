//! Pins the clock and the chance of the operating system for peers that fetch them there.
