//! Records as they go over the wire in the clear (RFC 6347 section 4.1).

/// The content type of handshake messages.
pub(super) const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
/// The level of an alert that ends the association (RFC 5246 section 7.2).
const FATAL: u8 = 2;

/// A record of epoch 0.
pub(super) struct ClearRecord<'a> {
    content_type: u8,
    /// Its sequence number.
    pub number: u64,
    payload: &'a [u8],
}

impl ClearRecord<'_> {
    /// The description of the fatal alert that it is, if it is one.
    pub fn fatal_alert(&self) -> Option<u8> {
        match (self.content_type, self.payload) {
            (ALERT, &[FATAL, description]) => Some(description),
            _ => None,
        }
    }
}

/// The records in the clear with which a datagram begins.
pub(super) fn in_the_clear(datagram: &[u8]) -> impl Iterator<Item = ClearRecord<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let (&[content_type, 0xFE, _, 0, 0, a, b, c, d, e, f, high, low], after) =
            rest.split_first_chunk::<13>()?
        else {
            return None;
        };
        let (payload, next) = after.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        rest = next;
        Some(ClearRecord {
            content_type,
            number: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            payload,
        })
    })
}

/// A fatal alert in the clear.
pub(super) fn clear_fatal_alert(number: u64, description: u8) -> Vec<u8> {
    let [_, _, number @ ..] = number.to_be_bytes();
    let mut record = vec![ALERT, 0xFE, 0xFD, 0, 0];
    record.extend(number);
    record.extend([0, 2, FATAL, description]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_is_written_is_read() {
        let mut datagram = clear_fatal_alert(7, 42);
        datagram.extend(clear_fatal_alert(1 << 40, 40));
        // Encrypted, and so no longer in the clear.
        datagram.extend([ALERT, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, FATAL, 50]);
        let read: Vec<_> = in_the_clear(&datagram)
            .map(|record| (record.number, record.fatal_alert()))
            .collect();
        assert_eq!(read, [(7, Some(42)), (1 << 40, Some(40))]);
    }

    #[test]
    fn a_record_that_is_cut_short_is_none() {
        let datagram = clear_fatal_alert(7, 42);
        for length in 0..datagram.len() {
            assert_eq!(in_the_clear(&datagram[..length]).count(), 0, "{length}");
        }
    }
}
