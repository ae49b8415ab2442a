//! What of this room reads what comes from outside.

use stun_types::message::ShortTermCredentials;

use super::candidate::Candidate;
use super::stun;

/// Reads a datagram as the agent does, also what only an authentic one would be read for.
pub(crate) fn stun(packet: &[u8]) {
    let Some(message) = stun::parse(packet) else {
        return;
    };
    let key = ShortTermCredentials::new("password".to_owned()).make_key();
    stun::is_authentic(&message, &key);
    match stun::username(&message) {
        Ok(username) => {
            if let Err(refusal) = stun::read_check(&message, username) {
                stun::write_refusal(&message, &refusal, Some(&key));
            }
        }
        Err(refusal) => {
            stun::write_refusal(&message, &refusal, None);
        }
    }
    stun::read_answer(&message);
}

/// Reads a `candidate-attribute`. What is read and written is read again as the same.
pub(crate) fn candidate(text: &str) {
    if let Ok(candidate) = text.parse::<Candidate>() {
        let written = candidate.to_string();
        assert_eq!(
            written.parse().as_ref(),
            Ok(&candidate),
            "{text:?} was written as {written:?}"
        );
    }
}
