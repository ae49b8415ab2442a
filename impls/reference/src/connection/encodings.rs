//! Encodings of a sender: what `addTransceiver()` and `setParameters()` accept.

use glare_peer::{Exception, ExceptionName, MediaKind, RtpEncodingParameters, RtpSendParameters};

use super::codecs;

/// The maximum number of simultaneous encodings of one kind.
pub(super) fn max_encodings(kind: MediaKind) -> usize {
    match kind {
        MediaKind::Audio => 1,
        MediaKind::Video => 3,
    }
}

/// `webrtc-pc#dfn-addtransceiver-sendencodings-validation-steps`. Step 2 has nothing to look at, because the dictionary has
/// no read-only member but `rid`; step 4 does not arise, because codecs can be changed without negotiation.
pub(super) fn validate(
    mut send_encodings: Vec<RtpEncodingParameters>,
    kind: MediaKind,
) -> Result<Vec<RtpEncodingParameters>, Exception> {
    let type_error = |message: String| Err(Exception::new(ExceptionName::TypeError, message));
    let rids: Vec<&String> = send_encodings.iter().filter_map(|it| it.rid.as_ref()).collect();
    for (index, rid) in rids.iter().enumerate() {
        if !is_rid(rid) {
            return type_error(format!("{rid:?} is not a rid"));
        }
        if rids[..index].contains(rid) {
            return type_error(format!("the rid {rid:?} is there twice"));
        }
    }
    if !rids.is_empty() && rids.len() < send_encodings.len() {
        return type_error("some encodings have a rid and some have none".to_owned());
    }
    let capable = codecs::capabilities(kind).codecs;
    for codec in send_encodings.iter().filter_map(|it| it.codec.as_ref()) {
        if !capable
            .iter()
            .any(|other| codecs::codec_dictionary_match(codec, other, false))
        {
            let message = format!("{} is not a codec that can be sent", codec.mime_type);
            return Err(Exception::new(ExceptionName::OperationError, message));
        }
    }
    if kind == MediaKind::Audio {
        remove_what_only_video_has(&mut send_encodings);
    }
    for encoding in &send_encodings {
        check_scale(encoding)?;
        // Not a number is not greater than 0.0 either.
        if encoding.max_framerate.is_some_and(|it| it.is_nan() || it <= 0.0) {
            return Err(Exception::new(
                ExceptionName::RangeError,
                "maxFramerate is not greater than 0",
            ));
        }
    }
    if send_encodings
        .iter()
        .any(|it| it.scale_resolution_down_by.is_some())
    {
        for encoding in &mut send_encodings {
            encoding.scale_resolution_down_by.get_or_insert(1.0);
        }
    }
    send_encodings.truncate(max_encodings(kind));
    if kind == MediaKind::Video
        && send_encodings
            .iter()
            .all(|it| it.scale_resolution_down_by.is_none())
    {
        scale_by_powers_of_two(&mut send_encodings);
    }
    if let [lone] = send_encodings.as_mut_slice() {
        lone.rid = None;
    }
    Ok(send_encodings)
}

/// `webrtc-pc#dfn-setparameters-validation-steps`, with `[[SendEncodings]]` and `[[LastReturnedParameters]]` of the sender.
/// Step 11 does not arise, because each encoding can have a codec of its own.
pub(super) fn validate_parameters(
    parameters: &mut RtpSendParameters,
    kind: MediaKind,
    send_encodings: &[RtpEncodingParameters],
    last_returned: &RtpSendParameters,
) -> Result<(), Exception> {
    let invalid = |message: String| Err(Exception::new(ExceptionName::InvalidModificationError, message));
    if parameters.encodings.len() != send_encodings.len() {
        return invalid(format!(
            "there are {} encodings, and the sender has {}",
            parameters.encodings.len(),
            send_encodings.len()
        ));
    }
    for (encoding, before) in parameters.encodings.iter().zip(&last_returned.encodings) {
        if encoding.rid != before.rid {
            return invalid(format!(
                "the rid {:?} was changed to {:?}",
                before.rid, encoding.rid
            ));
        }
    }
    for (what, is_changed) in [
        (
            "transactionId",
            parameters.transaction_id != last_returned.transaction_id,
        ),
        (
            "headerExtensions",
            parameters.header_extensions != last_returned.header_extensions,
        ),
        ("rtcp", parameters.rtcp != last_returned.rtcp),
        ("codecs", parameters.codecs != last_returned.codecs),
    ] {
        if is_changed {
            return invalid(format!("{what} is read-only and was changed"));
        }
    }
    let choosable = if parameters.codecs.is_empty() {
        codecs::capabilities(kind).codecs
    } else {
        parameters
            .codecs
            .iter()
            .map(codecs::without_payload_type)
            .collect()
    };
    for codec in parameters.encodings.iter().filter_map(|it| it.codec.as_ref()) {
        if !choosable
            .iter()
            .any(|other| codecs::codec_dictionary_match(codec, other, true))
        {
            return invalid(format!("{} was not negotiated", codec.mime_type));
        }
    }
    match kind {
        MediaKind::Audio => remove_what_only_video_has(&mut parameters.encodings),
        MediaKind::Video => {
            for encoding in &mut parameters.encodings {
                encoding.scale_resolution_down_by.get_or_insert(1.0);
                check_scale(encoding)?;
            }
        }
    }
    if parameters
        .encodings
        .iter()
        .any(|it| it.max_framerate.is_some_and(|rate| rate.is_nan() || rate < 0.0))
    {
        return Err(Exception::new(
            ExceptionName::RangeError,
            "maxFramerate is negative",
        ));
    }
    Ok(())
}

/// The scaling that makes each encoding twice as large as the one before it, the last being the source's size.
pub(super) fn scale_by_powers_of_two(encodings: &mut [RtpEncodingParameters]) {
    let mut scale = 1.0;
    for encoding in encodings.iter_mut().rev() {
        encoding.scale_resolution_down_by = Some(scale);
        scale *= 2.0;
    }
}

fn remove_what_only_video_has(encodings: &mut [RtpEncodingParameters]) {
    for encoding in encodings {
        encoding.scale_resolution_down_by = None;
        encoding.max_framerate = None;
    }
}

fn check_scale(encoding: &RtpEncodingParameters) -> Result<(), Exception> {
    match encoding.scale_resolution_down_by {
        Some(scale) if scale.is_nan() || scale < 1.0 => {
            let message = format!("scaleResolutionDownBy is {scale}, which is less than 1.0");
            Err(Exception::new(ExceptionName::RangeError, message))
        }
        _ => Ok(()),
    }
}

/// RFC 8851 section 10, `rid-id`. The header extension that carries it holds at most 255 bytes (RFC 8285 section 4.3).
fn is_rid(rid: &str) -> bool {
    (1..=255).contains(&rid.len())
        && rid
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
