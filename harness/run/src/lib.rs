//! Plays one scenario with one cast and one seed; trace, verdict and bundle out.
