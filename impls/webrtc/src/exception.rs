//! What rtc's error values are in the specification's terms.

use glare_peer::{Exception, ExceptionName, RtcErrorDetail};
use rtc::shared::error::Error;

/// The exception for an error of a call. rtc names few of its errors after the specification's; the rest is
/// `OperationError`, which is what the specification gives to failures of the implementation's own.
pub(crate) fn exception(error: &Error) -> Exception {
    let name = match error {
        Error::ErrConnectionClosed
        | Error::ErrNoRemoteDescription
        | Error::ErrIncorrectSignalingState
        | Error::ErrSignalingStateCannotRollback
        | Error::ErrSignalingStateProposedTransitionInvalid(_)
        | Error::ErrDataChannelClosed
        | Error::ErrDataChannelNotOpen => ExceptionName::InvalidStateError,
        Error::ErrSDPDoesNotMatchOffer | Error::ErrSDPDoesNotMatchAnswer => {
            ExceptionName::InvalidModificationError
        }
        Error::ErrRetransmitsOrPacketLifeTime
        | Error::ErrProtocolTooLarge
        | Error::ErrStringSizeLimit
        | Error::ErrOutboundPacketTooLarge => ExceptionName::TypeError,
        _ => ExceptionName::OperationError,
    };
    Exception::new(name, format!("rtc: {error}"))
}

/// The exception for a description that rtc cannot read. It names no line.
pub(crate) fn unreadable(error: &Error) -> Exception {
    let mut exception = Exception::new(ExceptionName::OperationError, format!("rtc: {error}"));
    exception.error_detail = Some(RtcErrorDetail::SdpSyntaxError);
    exception
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_name_that_the_specification_gives_to_its_reason() {
        let name = |error| exception(&error).name;
        assert_eq!(name(Error::ErrConnectionClosed), ExceptionName::InvalidStateError);
        assert_eq!(
            name(Error::ErrSDPDoesNotMatchOffer),
            ExceptionName::InvalidModificationError
        );
        assert_eq!(name(Error::ErrOutboundPacketTooLarge), ExceptionName::TypeError);
        assert_eq!(name(Error::ErrBufferFull), ExceptionName::OperationError);
        assert_eq!(
            unreadable(&Error::ErrBufferFull).error_detail,
            Some(RtcErrorDetail::SdpSyntaxError)
        );
    }
}
