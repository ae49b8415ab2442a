//! A description before it is written: which media section is whose, and which transports it needs.

use std::time::Duration;

use super::candidates::DefaultDestination;
use super::codec::Codec;
use super::description::{Direction, MediaKind, MediaSection, Setup};
use super::extension::HeaderExtension;
use super::media::Msid;
use super::simulcast::{RidDirection, SendEncoding, Simulcast, SimulcastStream};
use super::text::{LocalTransport, Text};

/// A transceiver, as far as descriptions tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransceiverInput {
    /// What it carries: [`MediaKind::Audio`] or [`MediaKind::Video`].
    pub kind: MediaKind,
    /// Its `mid`, if it is associated with a media section.
    pub mid: Option<String>,
    /// The index of that section: what associates the two where a peer uses no identification tags.
    pub m_line_index: Option<usize>,
    /// Whether it is stopped or stopping.
    pub stopped: bool,
    /// Its direction, as the application wants it.
    pub direction: Direction,
    /// The formats that it sends or receives, best first, less those that the application does not want (see
    /// [`super::in_preferred_order`]). Their payload types are proposals: an offer takes others where these mean something
    /// else, an answer takes those of the offer. `rtx` and `red` refer to payload types of this list.
    pub codecs: Vec<Codec>,
    /// Whether the order of the formats is the application's: it then comes before that of the other side.
    pub has_codec_preferences: bool,
    /// The header extensions that it uses; their identifiers are proposals too.
    pub header_extensions: Vec<HeaderExtension>,
    /// The streams that its sender's track is in.
    pub stream_ids: Vec<String>,
    /// The encodings of its sender, in order.
    pub send_encodings: Vec<SendEncoding>,
    /// The greatest duration of media that it takes in a packet (`a=maxptime`).
    pub maxptime: Option<Duration>,
    /// The duration of media that it wants in a packet (`a=ptime`).
    pub ptime: Option<Duration>,
}

/// Whose a media section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SectionOwner {
    /// The transceiver at this index of the input.
    Transceiver(usize),
    /// The data channels.
    DataChannels,
    /// Nobody's: the section is rejected.
    Rejected,
}

/// A transport of which a description needs the attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransportRequest {
    /// The index of the section that has the attributes.
    pub index: usize,
    /// Its identifier.
    pub mid: Option<String>,
    /// The indices of all sections that use the transport, if the other side has it so; `index` among them.
    pub members: Vec<usize>,
    /// The index of a section that the descriptions in force have too, and whose transport this is; none if it must be a
    /// new one, with ICE credentials that no other transport has.
    pub continues: Option<usize>,
}

/// An offer or answer but for its transports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DescriptionPlan {
    pub(super) session: SessionPlan,
    pub(super) sections: Vec<SectionPlan>,
    pub(super) transports: Vec<TransportRequest>,
}

/// What stands at the session level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionPlan {
    pub session_id: u64,
    pub session_version: u64,
    pub bundle: Vec<Vec<String>>,
    pub lip_sync: Vec<Vec<String>>,
    pub ice_lite: bool,
    pub ice_options: Vec<&'static str>,
    pub extmap_allow_mixed: bool,
    pub identity: Option<String>,
}

/// A media section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SectionPlan {
    pub owner: SectionOwner,
    pub mid: Option<String>,
    pub transport: TransportUse,
    pub content: Content,
}

/// How a section comes by its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransportUse {
    /// It has the attributes of the transport requested at this place.
    Own(usize, OwnTransport),
    /// It is bundled into the section that has them.
    Bundled(usize),
    /// It must be bundled, or cannot be.
    BundleOnly,
    /// It is rejected.
    None,
}

/// What goes with the attributes of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OwnTransport {
    pub rtcp: RtcpPlan,
    /// What the other side says in `a=setup`, if it is asked: our answer follows from it.
    pub offered_setup: Option<Setup>,
    /// Whether this is an answer.
    pub is_answer: bool,
    pub has_tls_id: bool,
}

/// The attributes about RTCP, which are of category IDENTICAL (RFC 8859) and stand beside those of the transport.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RtcpPlan {
    pub rtcp: bool,
    pub mux: bool,
    pub mux_only: bool,
    pub rsize: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Rejected {
        kind: MediaKind,
        protocol: String,
        formats: String,
        is_rtp: bool,
    },
    Data {
        protocol: String,
        formats: String,
        sctp_port: u16,
        sctpmap: Option<String>,
        max_message_size: u64,
    },
    Media(Box<MediaPlan>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaPlan {
    pub kind: MediaKind,
    pub protocol: String,
    pub direction: Direction,
    pub codecs: Vec<Codec>,
    pub header_extensions: Vec<HeaderExtension>,
    pub msids: Vec<Msid>,
    pub rids: Vec<String>,
    pub simulcast: Option<Simulcast>,
    pub ptime: Option<Duration>,
    pub maxptime: Option<Duration>,
}

impl DescriptionPlan {
    /// Whose the media sections are, in order.
    pub(crate) fn owners(&self) -> impl ExactSizeIterator<Item = SectionOwner> {
        self.sections.iter().map(|section| section.owner)
    }

    /// The identifiers of the media sections, in order.
    pub(crate) fn mids(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.sections.iter().map(|section| section.mid.as_deref())
    }

    /// The transports that the description needs, in the order of the sections that have their attributes.
    pub(crate) fn transports(&self) -> &[TransportRequest] {
        &self.transports
    }

    /// The text of the description. `transport` is asked for each of [`DescriptionPlan::transports`], in order. The
    /// same plan with the same transports gives the same text.
    pub(crate) fn write(&self, transport: impl FnMut(&TransportRequest) -> LocalTransport) -> String {
        let transports: Vec<LocalTransport> = self.transports.iter().map(transport).collect();
        let destinations: Vec<DefaultDestination> = transports
            .iter()
            .map(|transport| DefaultDestination::of(&transport.candidates))
            .collect();
        let mut text = Text::default();
        self.session.write(&mut text);
        for section in &self.sections {
            let destination = match section.transport {
                TransportUse::Own(at, _) | TransportUse::Bundled(at) => destinations.get(at).copied(),
                TransportUse::BundleOnly | TransportUse::None => None,
            };
            let own = match &section.transport {
                TransportUse::Own(at, own) => transports.get(*at).map(|transport| (transport, own)),
                _ => None,
            };
            section.write(&mut text, destination, own);
        }
        text.finish()
    }
}

impl SessionPlan {
    /// RFC 9429 section 5.2.1: the session level.
    fn write(&self, text: &mut Text) {
        text.line('v', 0);
        text.line(
            'o',
            format_args!("- {} {} IN IP4 0.0.0.0", self.session_id, self.session_version),
        );
        text.line('s', '-');
        text.line('t', "0 0");
        for (semantics, groups) in [("BUNDLE", &self.bundle), ("LS", &self.lip_sync)] {
            for mids in groups {
                text.attribute("group", format_args!("{semantics} {}", mids.join(" ")));
            }
        }
        if self.ice_lite {
            text.flag("ice-lite");
        }
        if !self.ice_options.is_empty() {
            text.attribute("ice-options", self.ice_options.join(" "));
        }
        if self.extmap_allow_mixed {
            text.flag("extmap-allow-mixed");
        }
        if let Some(identity) = &self.identity {
            text.attribute("identity", identity);
        }
    }
}

impl SectionPlan {
    /// RFC 3264 section 6: a rejected section has port 0, and everything else of its `m=` line as it was.
    pub(super) fn rejected(section: &MediaSection, mid: Option<&str>) -> SectionPlan {
        SectionPlan {
            owner: SectionOwner::Rejected,
            mid: mid.map(str::to_owned),
            transport: TransportUse::None,
            content: Content::Rejected {
                kind: section.kind.clone(),
                protocol: section.protocol.clone(),
                formats: section.formats.join(" "),
                is_rtp: section.uses_rtp(),
            },
        }
    }

    fn write(
        &self,
        text: &mut Text,
        destination: Option<DefaultDestination>,
        own: Option<(&LocalTransport, &OwnTransport)>,
    ) {
        match &self.content {
            Content::Rejected {
                kind,
                protocol,
                formats,
                ..
            } => text.media(kind, None, protocol, formats),
            Content::Data {
                protocol, formats, ..
            } => {
                text.media("application", destination, protocol, formats);
            }
            Content::Media(media) => {
                let formats: Vec<String> = media
                    .codecs
                    .iter()
                    .map(|codec| codec.payload_type.to_string())
                    .collect();
                text.media(&media.kind, destination, &media.protocol, &formats.join(" "));
            }
        }
        if let Some((transport, own)) = own {
            let tls_id = transport.tls_id.as_deref().filter(|_| own.has_tls_id);
            text.transport(transport, own.setup(transport), tls_id);
        }
        if self.transport == TransportUse::BundleOnly {
            text.flag("bundle-only");
        }
        if let Some(mid) = &self.mid {
            text.attribute("mid", mid);
        }
        if let Some((_, own)) = own {
            own.rtcp.write(text);
        }
        match &self.content {
            Content::Rejected { is_rtp, .. } => {
                if *is_rtp {
                    text.flag("inactive");
                }
            }
            Content::Data {
                sctp_port,
                sctpmap,
                max_message_size,
                ..
            } => {
                text.attribute("sctp-port", sctp_port);
                if let Some(sctpmap) = sctpmap {
                    text.attribute("sctpmap", sctpmap);
                }
                text.attribute("max-message-size", max_message_size);
            }
            Content::Media(media) => media.write(text),
        }
    }
}

impl OwnTransport {
    /// RFC 9429 sections 5.2.1 and 5.3.1, RFC 5763 section 5: an offer is always `actpass`. An answer is active, unless
    /// the offer or the association says otherwise.
    fn setup(&self, transport: &LocalTransport) -> Setup {
        if !self.is_answer {
            return Setup::Actpass;
        }
        match (self.offered_setup, transport.dtls_role) {
            (Some(Setup::Active), _) => Setup::Passive,
            (Some(Setup::Passive), _) => Setup::Active,
            (_, Some(role)) => role,
            (_, None) => Setup::Active,
        }
    }
}

impl RtcpPlan {
    fn write(self, text: &mut Text) {
        if self.rtcp {
            text.attribute("rtcp", "9 IN IP4 0.0.0.0");
        }
        if self.mux {
            text.flag("rtcp-mux");
        }
        if self.mux_only {
            text.flag("rtcp-mux-only");
        }
        if self.rsize {
            text.flag("rtcp-rsize");
        }
    }
}

impl MediaPlan {
    fn write(&self, text: &mut Text) {
        for extension in &self.header_extensions {
            text.attribute("extmap", extension.value());
        }
        text.flag(&self.direction.to_string());
        for msid in &self.msids {
            text.attribute("msid", msid.value());
        }
        for codec in &self.codecs {
            text.codec(codec);
        }
        for (name, duration) in [("ptime", self.ptime), ("maxptime", self.maxptime)] {
            if let Some(duration) = duration {
                text.attribute(name, duration.as_micros() as f64 / 1000.0);
            }
        }
        for rid in &self.rids {
            text.attribute("rid", format_args!("{rid} {}", RidDirection::Send.as_str()));
        }
        if let Some(simulcast) = &self.simulcast {
            text.attribute("simulcast", simulcast.value());
        }
    }
}

/// RFC 9429 section 5.2.1 and RFC 8830 section 2: a line for each stream, or one that says that there is none. In a
/// direction that does not send, what the description in force says stays (section 5.2.2). In one that sends, the streams
/// are those that the sender has now, where RFC 9429 would keep the first ones for good: webrtc-pc#dom-rtcrtpsender-setstreams
/// changes them.
pub(super) fn msids(
    transceiver: &TransceiverInput,
    direction: Direction,
    before: Option<&MediaSection>,
) -> Vec<Msid> {
    if !direction.sends() {
        return before.map_or_else(Vec::new, |section| section.msids.clone());
    }
    let msid = |stream_id: Option<&String>| Msid {
        stream_id: stream_id.cloned(),
        app_data: None,
    };
    if transceiver.stream_ids.is_empty() {
        return vec![msid(None)];
    }
    let mut msids: Vec<Msid> = Vec::new();
    for stream_id in &transceiver.stream_ids {
        let msid = msid(Some(stream_id));
        if !msids.contains(&msid) {
            msids.push(msid);
        }
    }
    msids
}

/// RFC 9429 section 5.2.1 and webrtc-pc#dfn-final-steps-to-create-an-offer: a line for each encoding, and all of them as
/// simulcast if there are several. An encoding of several that has no identifier gets a number.
pub(super) fn encodings(
    encodings: &[SendEncoding],
    direction: Direction,
) -> (Vec<String>, Option<Simulcast>) {
    let named = encodings.iter().any(|encoding| encoding.rid.is_some());
    if !direction.sends() || (encodings.len() < 2 && !named) {
        return (Vec::new(), None);
    }
    let mut rids: Vec<String> = encodings
        .iter()
        .filter_map(|encoding| encoding.rid.clone())
        .collect();
    let mut numbers = (0_u64..).map(|number| number.to_string());
    let mut send = Vec::new();
    for encoding in encodings {
        let rid = match &encoding.rid {
            Some(rid) => rid.clone(),
            None => {
                let rid = numbers.find(|number| !rids.contains(number)).unwrap_or_default();
                rids.push(rid.clone());
                rid
            }
        };
        send.push(SimulcastStream::of(&rid, !encoding.active));
    }
    let simulcast = Simulcast {
        send,
        recv: Vec::new(),
    };
    let rids = simulcast.rids().map(str::to_owned).collect();
    (rids, (encodings.len() > 1).then_some(simulcast))
}
