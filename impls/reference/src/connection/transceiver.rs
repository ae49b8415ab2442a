//! `RTCRtpTransceiver`, with its sender and receiver: their slots, and what ends them.

use glare_peer::{
    Exception, ExceptionName, Handle, MediaKind, RtpCodec, RtpCodecParameters, RtpEncodingParameters,
    RtpHeaderExtensionParameters, RtpSendParameters, RtpTransceiverDirection,
};

use super::Connection;
use super::dtmf::DtmfSender;
use super::media::RtpStream;
use super::track::TrackSource;
use super::transport::TransportId;
use crate::sdp::Codec;

/// Names a transceiver of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TransceiverId(pub(super) usize);

/// The slots of an `RTCRtpSender`.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) handle: Handle,
    pub(super) sender_track: Option<Handle>,
    pub(super) sender_transport: Option<TransportId>,
    pub(super) last_stable_state_sender_transport: Option<TransportId>,
    pub(super) dtmf: Option<DtmfSender>,
    pub(super) associated_media_stream_ids: Vec<String>,
    pub(super) send_encodings: Vec<RtpEncodingParameters>,
    pub(super) last_stable_ridless_send_encodings: Option<Vec<RtpEncodingParameters>>,
    pub(super) send_codecs: Vec<RtpCodecParameters>,
    pub(super) last_returned_parameters: Option<RtpSendParameters>,
    /// The header extensions that were negotiated for sending.
    pub(super) header_extensions: Vec<RtpHeaderExtensionParameters>,
    /// Whether reduced-size RTCP was negotiated (RFC 5506).
    pub(super) reduced_size: bool,
    /// How many promises of `setParameters()` are not settled.
    pub(super) parameters_being_set: usize,
    /// What `[[SendCodecs]]` shows, with the feedback that was negotiated.
    pub(super) send_formats: Vec<Codec>,
    /// The RTP streams; more than there are encodings where some have been removed again.
    pub(super) streams: Vec<RtpStream>,
}

/// The slots of an `RTCRtpReceiver`.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) handle: Handle,
    pub(super) receiver_track: Handle,
    pub(super) receiver_transport: Option<TransportId>,
    pub(super) last_stable_state_receiver_transport: Option<TransportId>,
    pub(super) associated_remote_media_streams: Vec<Handle>,
    pub(super) last_stable_state_associated_remote_media_streams: Vec<Handle>,
    pub(super) receive_codecs: Vec<RtpCodecParameters>,
    pub(super) last_stable_state_receive_codecs: Vec<RtpCodecParameters>,
    /// What `[[ReceiveCodecs]]` and `[[LastStableStateReceiveCodecs]]` show, with the feedback that may be sent.
    pub(super) receive_formats: Vec<Codec>,
    pub(super) last_stable_state_receive_formats: Vec<Codec>,
    /// Milliseconds.
    pub(super) jitter_buffer_target: Option<f64>,
    /// The header extensions that it is prepared to receive.
    pub(super) header_extensions: Vec<RtpHeaderExtensionParameters>,
    /// Whether it is prepared to receive reduced-size RTCP (RFC 5506).
    pub(super) reduced_size: bool,
}

/// The slots of an `RTCRtpTransceiver`.
#[derive(Debug)]
pub(super) struct Transceiver {
    pub(super) handle: Handle,
    /// The transceiver kind.
    pub(super) kind: MediaKind,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) stopping: bool,
    pub(super) stopped: bool,
    pub(super) direction: RtpTransceiverDirection,
    pub(super) receptive: bool,
    pub(super) current_direction: Option<RtpTransceiverDirection>,
    pub(super) fired_direction: Option<RtpTransceiverDirection>,
    pub(super) preferred_codecs: Vec<RtpCodec>,
    pub(super) jsep_mid: Option<String>,
    pub(super) mid: Option<String>,
    /// The index of the media description that it is associated with: the "m= section index" of RFC 9429.
    pub(super) m_line_index: Option<usize>,
    /// Whether `addTrack()` created it: then it may represent a media description of a remote offer.
    pub(super) created_by_add_track: bool,
    /// Whether `addTrack()` has attached a track to it: then it outlives the rollback of the offer that created it.
    pub(super) used_by_add_track: bool,
    /// Whether `[[CurrentDirection]]` has ever been `sendrecv` or `sendonly`.
    pub(super) has_sent: bool,
    /// Whether the remote offer that is pending created it.
    pub(super) created_by_pending_offer: bool,
    /// Whether the description that is pending associated it.
    pub(super) associated_by_pending_description: bool,
}

impl Transceiver {
    /// The value of `currentDirection`.
    pub(super) fn shown_current_direction(&self) -> Option<RtpTransceiverDirection> {
        if self.stopped {
            return Some(RtpTransceiverDirection::Stopped);
        }
        self.current_direction
    }

    /// The value of `direction`.
    pub(super) fn shown_direction(&self) -> RtpTransceiverDirection {
        if self.stopping {
            return RtpTransceiverDirection::Stopped;
        }
        self.direction
    }

    /// Sets `[[CurrentDirection]]`.
    pub(super) fn set_current_direction(&mut self, direction: RtpTransceiverDirection) {
        self.current_direction = Some(direction);
        self.has_sent |= direction.sends();
    }

    /// Whether what was negotiated last has it send.
    pub(super) fn sends(&self) -> bool {
        !self.stopping && self.current_direction.is_some_and(RtpTransceiverDirection::sends)
    }
}

impl Connection {
    /// `webrtc-pc#dfn-create-an-rtcrtpsender`, `webrtc-pc#dfn-create-an-rtcrtpreceiver` and
    /// `webrtc-pc#dfn-create-an-rtcrtptransceiver`, which always go together. It is added to the set of transceivers.
    pub(super) fn create_an_rtc_rtp_transceiver(
        &mut self,
        track: Option<Handle>,
        kind: MediaKind,
        associated_media_stream_ids: Vec<String>,
        send_encodings: Vec<RtpEncodingParameters>,
        direction: RtpTransceiverDirection,
    ) -> TransceiverId {
        let id = TransceiverId(self.transceivers.len());
        let handle = self.new_handle();
        let dtmf = (kind == MediaKind::Audio).then(|| DtmfSender::new(self.new_handle()));
        let send_encodings = if send_encodings.is_empty() {
            vec![RtpEncodingParameters {
                scale_resolution_down_by: (kind == MediaKind::Video).then_some(1.0),
                ..RtpEncodingParameters::default()
            }]
        } else {
            send_encodings
        };
        let sender = Sender {
            handle: self.new_handle(),
            sender_track: track,
            sender_transport: None,
            last_stable_state_sender_transport: None,
            dtmf,
            associated_media_stream_ids,
            send_encodings,
            last_stable_ridless_send_encodings: None,
            send_codecs: Vec::new(),
            last_returned_parameters: None,
            header_extensions: Vec::new(),
            reduced_size: false,
            parameters_being_set: 0,
            send_formats: Vec::new(),
            streams: Vec::new(),
        };
        let receiver_track = self.create_track(kind, format!("remote {kind}"), true, TrackSource::Remote(id));
        let receiver = Receiver {
            handle: self.new_handle(),
            receiver_track,
            receiver_transport: None,
            last_stable_state_receiver_transport: None,
            associated_remote_media_streams: Vec::new(),
            last_stable_state_associated_remote_media_streams: Vec::new(),
            receive_codecs: Vec::new(),
            last_stable_state_receive_codecs: Vec::new(),
            receive_formats: Vec::new(),
            last_stable_state_receive_formats: Vec::new(),
            jitter_buffer_target: None,
            header_extensions: Vec::new(),
            reduced_size: false,
        };
        self.transceivers.push(Transceiver {
            handle,
            kind,
            sender,
            receiver,
            stopping: false,
            stopped: false,
            direction,
            receptive: false,
            current_direction: None,
            fired_direction: None,
            preferred_codecs: Vec::new(),
            jsep_mid: None,
            mid: None,
            m_line_index: None,
            created_by_add_track: false,
            used_by_add_track: false,
            has_sent: false,
            created_by_pending_offer: false,
            associated_by_pending_description: false,
        });
        self.set_of_transceivers.push(id);
        id
    }

    /// The transceiver of an id.
    pub(super) fn transceiver(&self, id: TransceiverId) -> &Transceiver {
        // Ids are made by create_an_rtc_rtp_transceiver() alone, and no transceiver ever leaves the list.
        &self.transceivers[id.0]
    }

    /// The transceiver of an id.
    pub(super) fn transceiver_mut(&mut self, id: TransceiverId) -> &mut Transceiver {
        &mut self.transceivers[id.0]
    }

    /// The transceivers of the set, in order.
    pub(super) fn collected(&self) -> impl Iterator<Item = (TransceiverId, &Transceiver)> {
        self.set_of_transceivers
            .iter()
            .map(|id| (*id, self.transceiver(*id)))
    }

    /// `webrtc-pc#dfn-collecttransceivers`.
    pub(super) fn collect_transceivers(&self) -> Vec<Handle> {
        self.collected()
            .map(|(_, transceiver)| transceiver.handle)
            .collect()
    }

    /// `webrtc-pc#dfn-collectsenders`.
    pub(super) fn collect_senders(&self) -> Vec<Handle> {
        self.collected()
            .filter(|(_, transceiver)| !transceiver.stopped)
            .map(|(_, transceiver)| transceiver.sender.handle)
            .collect()
    }

    /// `webrtc-pc#dom-rtcpeerconnection-getreceivers`.
    pub(super) fn collect_receivers(&self) -> Vec<Handle> {
        self.collected()
            .filter(|(_, transceiver)| !transceiver.stopped)
            .map(|(_, transceiver)| transceiver.receiver.handle)
            .collect()
    }

    /// The transceiver that a handle names, also where the set has it no longer.
    pub(super) fn transceiver_of(&self, handle: Handle) -> Result<TransceiverId, Exception> {
        self.find_transceiver(|transceiver| transceiver.handle == handle)
            .ok_or_else(|| not_a(handle, "RTCRtpTransceiver"))
    }

    /// The transceiver whose sender a handle names.
    pub(super) fn transceiver_of_sender(&self, handle: Handle) -> Result<TransceiverId, Exception> {
        self.find_transceiver(|transceiver| transceiver.sender.handle == handle)
            .ok_or_else(|| not_a(handle, "RTCRtpSender"))
    }

    /// The transceiver whose receiver a handle names.
    pub(super) fn transceiver_of_receiver(&self, handle: Handle) -> Result<TransceiverId, Exception> {
        self.find_transceiver(|transceiver| transceiver.receiver.handle == handle)
            .ok_or_else(|| not_a(handle, "RTCRtpReceiver"))
    }

    fn find_transceiver(&self, is: impl Fn(&Transceiver) -> bool) -> Option<TransceiverId> {
        self.transceivers.iter().position(is).map(TransceiverId)
    }

    /// The transceiver of the set that is associated with a mid.
    pub(super) fn transceiver_of_mid(&self, mid: &str) -> Option<TransceiverId> {
        self.collected()
            .find(|(_, transceiver)| transceiver.jsep_mid.as_deref() == Some(mid))
            .map(|(id, _)| id)
    }

    /// Sets `webrtc-pc#dom-rtcrtptransceiver-direction`.
    pub(super) fn set_direction(
        &mut self,
        handle: Handle,
        new_direction: RtpTransceiverDirection,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of(handle)?;
        let transceiver = self.transceiver_mut(id);
        if transceiver.stopping {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "the transceiver is stopping or stopped",
            ));
        }
        if new_direction == transceiver.direction {
            return Ok(());
        }
        if new_direction == RtpTransceiverDirection::Stopped {
            let message = "the direction \"stopped\" cannot be set; stop() leads to it";
            return Err(Exception::new(ExceptionName::TypeError, message));
        }
        transceiver.direction = new_direction;
        self.update_the_negotiation_needed_flag();
        Ok(())
    }

    /// `webrtc-pc#dom-rtcrtptransceiver-stop`.
    pub(super) fn stop(&mut self, handle: Handle) -> Result<(), Exception> {
        let id = self.transceiver_of(handle)?;
        if self.is_closed {
            return Err(closed());
        }
        if self.transceiver(id).stopping {
            return Ok(());
        }
        self.stop_sending_and_receiving(id);
        self.update_the_negotiation_needed_flag();
        Ok(())
    }

    /// `webrtc-pc#dfn-stop-sending-and-receiving`; nothing here ever disappears.
    fn stop_sending_and_receiving(&mut self, id: TransceiverId) {
        let receiver_track = self.transceiver(id).receiver.receiver_track;
        self.end_track(receiver_track);
        let transceiver = self.transceiver_mut(id);
        transceiver.direction = RtpTransceiverDirection::Inactive;
        transceiver.stopping = true;
        // In parallel, steps 3 and 4: a BYE for each RTP stream, and nothing is received any more.
        self.media_changed(id);
    }

    /// `webrtc-pc#stop-the-rtcrtptransceiver`.
    pub(super) fn stop_the_rtc_rtp_transceiver(&mut self, id: TransceiverId) {
        if !self.transceiver(id).stopping {
            self.stop_sending_and_receiving(id);
        }
        let transceiver = self.transceiver_mut(id);
        transceiver.stopped = true;
        transceiver.receptive = false;
        transceiver.current_direction = None;
        let receiver = &mut transceiver.receiver;
        receiver.associated_remote_media_streams.clear();
        receiver.last_stable_state_associated_remote_media_streams.clear();
    }

    /// Sets `webrtc-pc#dom-rtcrtpreceiver-jitterbuffertarget`, in milliseconds.
    pub(super) fn set_jitter_buffer_target(
        &mut self,
        handle: Handle,
        target: Option<f64>,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of_receiver(handle)?;
        if let Some(target) = target.filter(|target| !(0.0..=4000.0).contains(target)) {
            let message = format!("a target of {target} ms is not between 0 and 4000 ms");
            return Err(Exception::new(ExceptionName::RangeError, message));
        }
        self.transceiver_mut(id).receiver.jitter_buffer_target = target;
        Ok(())
    }
}

/// What a call with an object of another interface throws, as Web IDL has it.
pub(super) fn not_a(handle: Handle, interface: &str) -> Exception {
    Exception::new(
        ExceptionName::TypeError,
        format!("{handle} is not an {interface} of this connection"),
    )
}

/// What most methods throw once the connection is closed.
pub(super) fn closed() -> Exception {
    Exception::new(ExceptionName::InvalidStateError, "the connection is closed")
}
