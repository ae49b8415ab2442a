//! Data channels.

use std::sync::Arc;

use glare_peer::{Attribute, EventKind, ExceptionName, Interface, MessageData, Operation, Value};

use super::states::instead;
use super::{always_null, another_name, call, event, event_if, extra, read};
use crate::Sabotage;
use crate::fault::{CallFault, EventFault, ReadFault, Which};

const CREATE: (Interface, &str) = (Interface::PeerConnection, "createDataChannel");

const fn at(member: &'static str) -> (Interface, &'static str) {
    (Interface::DataChannel, member)
}

fn attribute(
    name: &'static str,
    attribute: Attribute,
    clause: &'static str,
    what: &'static str,
    how: ReadFault,
) -> Sabotage {
    read(name, Interface::DataChannel, attribute, clause, what, how)
}

fn one_more(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => Some(Value::Number(number + 1.0)),
        _ => None,
    }
}

fn opposite(value: &Value) -> Option<Value> {
    match value {
        Value::Boolean(boolean) => Some(Value::Boolean(!boolean)),
        _ => None,
    }
}

fn empty(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Value::String(String::new())),
        _ => None,
    }
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    let mut all = of_events();
    all.extend(of_attributes());
    all.extend(of_methods());
    all
}

fn of_events() -> Vec<Sabotage> {
    vec![
        event(
            "open-is-not-fired",
            at("open"),
            "webrtc-pc#announcing-a-data-channel-as-open",
            "open is never fired.",
            EventFault::Drop,
        ),
        event(
            "open-is-fired-twice",
            at("open"),
            "webrtc-pc#announcing-a-data-channel-as-open",
            "open is fired twice.",
            EventFault::Twice,
        ),
        event(
            "open-comes-a-task-late",
            at("open"),
            "webrtc-pc#announcing-a-data-channel-as-open",
            "open is fired in a task after that which makes the channel open.",
            EventFault::TaskLate,
        ),
        event(
            "message-is-not-fired",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "message is never fired.",
            EventFault::Drop,
        ),
        event_if(
            "second-message-is-lost",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "The second message is not fired.",
            Which::Nth(2),
            |_| true,
            EventFault::Drop,
        ),
        event(
            "message-is-fired-twice",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "Every message is fired twice.",
            EventFault::Twice,
        ),
        event_if(
            "messages-change-places",
            at("message"),
            "RFC8831#section-6.6",
            "The first message comes after the second.",
            Which::Nth(1),
            |_| true,
            EventFault::EventLate,
        ),
        event(
            "message-is-cut-short",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "Messages of bytes lack the last byte.",
            EventFault::Alter(|event| {
                if let EventKind::Message {
                    data: MessageData::Binary(bytes),
                } = &mut event.kind
                    && let Some((_, rest)) = bytes.split_last()
                {
                    *bytes = Arc::from(rest);
                }
            }),
        ),
        event(
            "binary-comes-as-text",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "Messages of bytes are strings.",
            EventFault::Alter(|event| {
                if let EventKind::Message { data } = &mut event.kind {
                    *data = MessageData::Text(String::from_utf8_lossy(data.as_bytes()).into());
                }
            }),
        ),
        event(
            "text-comes-as-binary",
            at("message"),
            "webrtc-pc#receiving-messages-on-a-data-channel",
            "Messages of text are bytes.",
            EventFault::Alter(|event| {
                if let EventKind::Message { data } = &mut event.kind {
                    *data = MessageData::Binary(Arc::from(data.as_bytes()));
                }
            }),
        ),
        event(
            "closing-is-not-fired",
            at("closing"),
            "webrtc-pc#closing-procedure",
            "closing is never fired.",
            EventFault::Drop,
        ),
        event(
            "close-is-not-fired",
            at("close"),
            "webrtc-pc#announcing-a-data-channel-as-closed",
            "close is never fired.",
            EventFault::Drop,
        ),
        event(
            "close-is-fired-twice",
            at("close"),
            "webrtc-pc#announcing-a-data-channel-as-closed",
            "close is fired twice.",
            EventFault::Twice,
        ),
        event(
            "error-is-not-fired",
            at("error"),
            "webrtc-pc#announcing-a-data-channel-as-closed",
            "error is never fired.",
            EventFault::Drop,
        ),
        extra(
            "error-is-fired-at-every-close",
            at("error"),
            "webrtc-pc#announcing-a-data-channel-as-closed",
            "error is fired after close, also where nothing went wrong.",
            ("close", Which::Every),
            || EventKind::Error {
                error: glare_peer::Exception::new(ExceptionName::OperationError, "sabotaged"),
            },
        ),
        event(
            "bufferedamountlow-is-not-fired",
            at("bufferedamountlow"),
            "webrtc-pc#rtcdatachannel",
            "bufferedamountlow is never fired.",
            EventFault::Drop,
        ),
        event(
            "bufferedamountlow-is-fired-twice",
            at("bufferedamountlow"),
            "webrtc-pc#rtcdatachannel",
            "bufferedamountlow is fired twice.",
            EventFault::Twice,
        ),
    ]
}

fn of_attributes() -> Vec<Sabotage> {
    vec![
        attribute(
            "channel-changes-after-its-event",
            Attribute::ReadyState,
            "webrtc-pc#announcing-a-data-channel-as-open",
            "readyState changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        attribute(
            "channel-is-never-closing",
            Attribute::ReadyState,
            "webrtc-pc#closing-procedure",
            "readyState stays open while the channel is closing.",
            instead!("closing" => "open"),
        ),
        attribute(
            "channel-is-never-closed",
            Attribute::ReadyState,
            "webrtc-pc#announcing-a-data-channel-as-closed",
            "readyState stays closing.",
            instead!("closed" => "closing"),
        ),
        attribute(
            "channel-opens-too-early",
            Attribute::ReadyState,
            "webrtc-pc#dom-peerconnection-createdatachannel",
            "readyState is open at once.",
            instead!("connecting" => "open"),
        ),
        attribute(
            "channel-id-is-of-the-other-role",
            Attribute::Id,
            "RFC8832#section-6",
            "The id of channels is even at the DTLS server and odd at the client.",
            ReadFault::Alter(|value| match value {
                Value::Number(id) if id % 2.0 == 0.0 => Some(Value::Number(id + 1.0)),
                Value::Number(id) => Some(Value::Number(id - 1.0)),
                _ => None,
            }),
        ),
        attribute(
            "channel-id-stays-null",
            Attribute::Id,
            "webrtc-pc#dom-rtcdatachannel-id",
            "The id of channels is null.",
            ReadFault::Alter(always_null),
        ),
        attribute(
            "channel-id-is-known-too-early",
            Attribute::Id,
            "webrtc-pc#dom-rtcdatachannel-id",
            "The id of a channel is 0 before its role is known.",
            ReadFault::Alter(|value| (*value == Value::Null).then_some(Value::Number(0.0))),
        ),
        attribute(
            "channel-label-is-empty",
            Attribute::Label,
            "webrtc-pc#dom-datachannel-label",
            "label is empty.",
            ReadFault::Alter(empty),
        ),
        attribute(
            "channel-protocol-is-empty",
            Attribute::Protocol,
            "webrtc-pc#dom-datachannel-protocol",
            "protocol is empty.",
            ReadFault::Alter(empty),
        ),
        attribute(
            "channel-ordered-is-the-opposite",
            Attribute::Ordered,
            "webrtc-pc#dom-datachannel-ordered",
            "ordered is true for false and false for true.",
            ReadFault::Alter(opposite),
        ),
        attribute(
            "channel-negotiated-is-the-opposite",
            Attribute::Negotiated,
            "webrtc-pc#dom-datachannel-negotiated",
            "negotiated is true for false and false for true.",
            ReadFault::Alter(opposite),
        ),
        attribute(
            "max-retransmits-is-null",
            Attribute::MaxRetransmits,
            "webrtc-pc#dom-datachannel-maxretransmits",
            "maxRetransmits is null.",
            ReadFault::Alter(always_null),
        ),
        attribute(
            "max-packet-life-time-is-null",
            Attribute::MaxPacketLifeTime,
            "webrtc-pc#dom-datachannel-maxpacketlifetime",
            "maxPacketLifeTime is null.",
            ReadFault::Alter(always_null),
        ),
        attribute(
            "buffered-amount-stays-zero",
            Attribute::BufferedAmount,
            "webrtc-pc#dom-datachannel-bufferedamount",
            "bufferedAmount is 0.",
            ReadFault::Alter(|value| (*value != Value::Number(0.0)).then_some(Value::Number(0.0))),
        ),
        attribute(
            "buffered-amount-counts-one-more",
            Attribute::BufferedAmount,
            "webrtc-pc#dom-datachannel-bufferedamount",
            "bufferedAmount is one byte more.",
            ReadFault::Alter(one_more),
        ),
        attribute(
            "low-threshold-is-zero",
            Attribute::BufferedAmountLowThreshold,
            "webrtc-pc#dom-rtcdatachannel-bufferedamountlowthreshold",
            "bufferedAmountLowThreshold is 0.",
            ReadFault::Alter(|value| (*value != Value::Number(0.0)).then_some(Value::Number(0.0))),
        ),
        attribute(
            "binary-type-is-always-blob",
            Attribute::BinaryType,
            "webrtc-pc#dom-datachannel-binarytype",
            "binaryType is blob.",
            ReadFault::Alter(|value| match value {
                Value::String(text) if text != "blob" => Some(Value::String("blob".to_owned())),
                _ => None,
            }),
        ),
    ]
}

fn of_methods() -> Vec<Sabotage> {
    vec![
        call(
            "send-does-nothing",
            at("send"),
            "webrtc-pc#datachannel-send",
            "send() returns and sends nothing.",
            CallFault::Ignore,
        ),
        call(
            "first-message-is-not-sent",
            at("send"),
            "webrtc-pc#datachannel-send",
            "The first send() sends nothing.",
            CallFault::IgnoreFirst,
        ),
        call(
            "send-sends-twice",
            at("send"),
            "webrtc-pc#datachannel-send",
            "send() sends the message twice.",
            CallFault::Repeat,
        ),
        call(
            "send-never-throws",
            at("send"),
            "webrtc-pc#datachannel-send",
            "send() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "send-error-has-another-name",
            at("send"),
            "webrtc-pc#datachannel-send",
            "What send() throws is a NotReadableError.",
            another_name(),
        ),
        call(
            "send-always-throws",
            at("send"),
            "webrtc-pc#datachannel-send",
            "send() throws an InvalidStateError.",
            CallFault::Fail(ExceptionName::InvalidStateError),
        ),
        call(
            "text-is-sent-as-binary",
            at("send"),
            "RFC8831#section-6.6",
            "Text is sent as bytes.",
            CallFault::Arguments(|operation| match operation {
                Operation::Send { data, .. } if matches!(data, MessageData::Text(_)) => {
                    *data = MessageData::Binary(Arc::from(data.as_bytes()));
                    true
                }
                _ => false,
            }),
        ),
        call(
            "empty-messages-have-a-byte",
            at("send"),
            "RFC8831#section-6.6",
            "An empty message is sent as one of a zero byte.",
            CallFault::Arguments(|operation| match operation {
                Operation::Send { data, .. } if data.is_empty() => {
                    *data = match data {
                        MessageData::Text(_) => MessageData::Text(Arc::from("\0")),
                        MessageData::Binary(_) => MessageData::Binary(Arc::from([0].as_slice())),
                    };
                    true
                }
                _ => false,
            }),
        ),
        call(
            "channel-close-does-nothing",
            at("close"),
            "webrtc-pc#dom-rtcdatachannel-close",
            "close() of a channel does nothing.",
            CallFault::Ignore,
        ),
        call(
            "low-threshold-cannot-be-set",
            at("bufferedAmountLowThreshold"),
            "webrtc-pc#dom-rtcdatachannel-bufferedamountlowthreshold",
            "Setting bufferedAmountLowThreshold does nothing.",
            CallFault::Ignore,
        ),
        call(
            "binary-type-cannot-be-set",
            at("binaryType"),
            "webrtc-pc#dom-datachannel-binarytype",
            "Setting binaryType does nothing.",
            CallFault::Ignore,
        ),
        call(
            "channel-is-made-without-protocol",
            CREATE,
            "RFC8832#section-5.1",
            "The other side is not told the protocol.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { init, .. } => !std::mem::take(&mut init.protocol).is_empty(),
                _ => false,
            }),
        ),
        call(
            "channel-is-made-without-label",
            CREATE,
            "RFC8832#section-5.1",
            "The other side is not told the label.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { label, .. } => !std::mem::take(label).is_empty(),
                _ => false,
            }),
        ),
        call(
            "channel-is-always-ordered",
            CREATE,
            "webrtc-pc#dom-rtcdatachannelinit-ordered",
            "A channel is ordered, whatever was asked for.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { init, .. } => !std::mem::replace(&mut init.ordered, true),
                _ => false,
            }),
        ),
        call(
            "channel-is-always-reliable",
            CREATE,
            "webrtc-pc#dom-rtcdatachannelinit-maxretransmits",
            "A channel is reliable, whatever was asked for.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { init, .. } => {
                    let (life, times) = (init.max_packet_life_time.take(), init.max_retransmits.take());
                    life.is_some() || times.is_some()
                }
                _ => false,
            }),
        ),
        call(
            "channel-is-never-negotiated",
            CREATE,
            "webrtc-pc#dom-rtcdatachannelinit-negotiated",
            "A channel that the script negotiated is announced to the other side.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { init, .. } => std::mem::take(&mut init.negotiated),
                _ => false,
            }),
        ),
        call(
            "channel-has-another-id",
            CREATE,
            "webrtc-pc#dom-rtcdatachannelinit-id",
            "A channel that the script gave an id has the next but one.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateDataChannel { init, .. } => {
                    init.id = init.id.map(|id| id.saturating_add(2));
                    init.id.is_some()
                }
                _ => false,
            }),
        ),
    ]
}
