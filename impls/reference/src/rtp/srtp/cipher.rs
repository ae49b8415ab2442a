//! The transforms of single packets, with the keys derived from a master key.

use aes::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit as _, StreamCipher as _, StreamCipherCoreWrapper,
};
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use super::{SrtpError, SrtpProfile};

/// The bytes of the authentication tag of HMAC-SHA1-80.
const HMAC_TAG: usize = 10;

/// The bytes of the authentication tag of GCM.
const GCM_TAG: usize = 16;

/// The bytes of an RTCP packet that are never encrypted.
const RTCP_HEADER: usize = 8;

/// The bit before the SRTCP index that says that the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// The session keys of one direction.
pub(super) struct Keys {
    pub(super) rtp: Transform,
    pub(super) rtcp: Transform,
}

/// How one kind of packet is protected.
pub(super) enum Transform {
    CounterMode(Box<CounterMode>),
    Gcm128(Box<Gcm<Aes128Gcm>>),
    Gcm256(Box<Gcm<Aes256Gcm>>),
}

/// AES-CM with HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2.1).
pub(super) struct CounterMode {
    cipher: Aes128,
    pub(super) salt: [u8; 14],
    authentication: Hmac<Sha1>,
}

/// AES-GCM (RFC 7714).
pub(super) struct Gcm<C> {
    pub(super) cipher: C,
    pub(super) salt: [u8; 12],
}

impl Keys {
    /// RFC 3711 section 4.3: derives the session keys, once for all packets. The lengths are those of the profile.
    pub fn derive(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Keys, SrtpError> {
        Ok(Keys {
            rtp: Transform::derive(profile, key, salt, 0)?,
            rtcp: Transform::derive(profile, key, salt, 3)?,
        })
    }

    pub fn protect_rtp(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        match &self.rtp {
            Transform::CounterMode(mode) => {
                mode.crypt(tail(packet, header)?, ssrc, index)?;
                let tag = mode.rtp_authentication(packet, index).finalize().into_bytes();
                packet.extend_from_slice(tag.get(..HMAC_TAG).ok_or(SrtpError::Malformed)?);
                Ok(())
            }
            Transform::Gcm128(gcm) => gcm.protect_rtp(packet, header, ssrc, index),
            Transform::Gcm256(gcm) => gcm.protect_rtp(packet, header, ssrc, index),
        }
    }

    pub fn unprotect_rtp(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        match &self.rtp {
            Transform::CounterMode(mode) => {
                let length = without(packet, HMAC_TAG, header)?;
                let (text, tag) = packet.split_at(length);
                mode.rtp_authentication(text, index)
                    .verify_truncated_left(tag)
                    .map_err(|_| SrtpError::NotAuthentic)?;
                packet.truncate(length);
                mode.crypt(tail(packet, header)?, ssrc, index)
            }
            Transform::Gcm128(gcm) => gcm.unprotect_rtp(packet, header, ssrc, index),
            Transform::Gcm256(gcm) => gcm.unprotect_rtp(packet, header, ssrc, index),
        }
    }

    pub fn protect_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) -> Result<(), SrtpError> {
        let word = (ENCRYPTED | index).to_be_bytes();
        match &self.rtcp {
            Transform::CounterMode(mode) => {
                mode.crypt(tail(packet, RTCP_HEADER)?, ssrc, index.into())?;
                packet.extend_from_slice(&word);
                let tag = mode.authentication.clone().chain_update(&*packet).finalize();
                let tag = tag.into_bytes();
                packet.extend_from_slice(tag.get(..HMAC_TAG).ok_or(SrtpError::Malformed)?);
                Ok(())
            }
            Transform::Gcm128(gcm) => gcm.protect_rtcp(packet, ssrc, index),
            Transform::Gcm256(gcm) => gcm.protect_rtcp(packet, ssrc, index),
        }
    }

    /// Gives the index. `seen` says whether a packet of it was received before.
    pub fn unprotect_rtcp(
        &self,
        packet: &mut Vec<u8>,
        ssrc: u32,
        seen: impl Fn(u32) -> bool,
    ) -> Result<u32, SrtpError> {
        match &self.rtcp {
            Transform::CounterMode(mode) => {
                let tagged = without(packet, HMAC_TAG, RTCP_HEADER + 4)?;
                let (authenticated, tag) = packet.split_at(tagged);
                let (index, encrypted, length) = index_word(authenticated)?;
                if seen(index) {
                    return Err(SrtpError::Replayed);
                }
                mode.authentication
                    .clone()
                    .chain_update(authenticated)
                    .verify_truncated_left(tag)
                    .map_err(|_| SrtpError::NotAuthentic)?;
                packet.truncate(length);
                if encrypted {
                    mode.crypt(tail(packet, RTCP_HEADER)?, ssrc, index.into())?;
                }
                Ok(index)
            }
            Transform::Gcm128(gcm) => gcm.unprotect_rtcp(packet, ssrc, seen),
            Transform::Gcm256(gcm) => gcm.unprotect_rtcp(packet, ssrc, seen),
        }
    }
}

impl Transform {
    /// `label` is that of the encryption key; those of the authentication key and the salt follow it.
    fn derive(profile: SrtpProfile, key: &[u8], salt: &[u8], label: u8) -> Result<Transform, SrtpError> {
        Ok(match profile {
            SrtpProfile::Aes128CmHmacSha1_80 => {
                let master = aes128(key)?;
                let session: [u8; 16] = derive(&master, salt, label)?;
                let authentication: [u8; 20] = derive(&master, salt, label + 1)?;
                Transform::CounterMode(Box::new(CounterMode {
                    cipher: aes128(&session)?,
                    salt: derive(&master, salt, label + 2)?,
                    authentication: Hmac::new_from_slice(&authentication)
                        .map_err(|_| SrtpError::Malformed)?,
                }))
            }
            SrtpProfile::AeadAes128Gcm => {
                let master = aes128(key)?;
                let session: [u8; 16] = derive(&master, salt, label)?;
                Transform::Gcm128(Box::new(Gcm {
                    cipher: Aes128Gcm::new(&session.into()),
                    salt: derive(&master, salt, label + 2)?,
                }))
            }
            SrtpProfile::AeadAes256Gcm => {
                let master = Aes256::new_from_slice(key).map_err(|_| SrtpError::Malformed)?;
                let session: [u8; 32] = derive::<Aes256, 32>(&master, salt, label)?;
                Transform::Gcm256(Box::new(Gcm {
                    cipher: Aes256Gcm::new(&session.into()),
                    salt: derive(&master, salt, label + 2)?,
                }))
            }
        })
    }
}

impl CounterMode {
    /// RFC 3711 section 4.1.1.
    fn crypt(&self, text: &mut [u8], ssrc: u32, index: u64) -> Result<(), SrtpError> {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        exclusive_or(&mut iv[4..8], &ssrc.to_be_bytes());
        exclusive_or(&mut iv[8..14], &index.to_be_bytes()[2..]);
        key_stream(&self.cipher, &iv, text)
    }

    /// RFC 3711 section 4.2: the rollover counter is authenticated with the packet.
    fn rtp_authentication(&self, packet: &[u8], index: u64) -> Hmac<Sha1> {
        let rollover = (index >> 16) as u32;
        self.authentication
            .clone()
            .chain_update(packet)
            .chain_update(rollover.to_be_bytes())
    }
}

impl<C: AeadInOut<NonceSize = U12, TagSize = U16>> Gcm<C> {
    /// RFC 7714 section 8.1.
    fn rtp_iv(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut iv = self.salt;
        exclusive_or(&mut iv[2..6], &ssrc.to_be_bytes());
        exclusive_or(&mut iv[6..12], &index.to_be_bytes()[2..]);
        iv
    }

    /// RFC 7714 section 9.1.
    fn rtcp_iv(&self, ssrc: u32, index: u32) -> [u8; 12] {
        let mut iv = self.salt;
        exclusive_or(&mut iv[2..6], &ssrc.to_be_bytes());
        exclusive_or(&mut iv[8..12], &index.to_be_bytes());
        iv
    }

    fn protect_rtp(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let iv = self.rtp_iv(ssrc, index);
        let (header, text) = packet.split_at_mut_checked(header).ok_or(SrtpError::Malformed)?;
        let tag = self.seal(&iv, header, text)?;
        packet.extend_from_slice(&tag);
        Ok(())
    }

    fn unprotect_rtp(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let length = without(packet, GCM_TAG, header)?;
        let (packet_text, tag) = packet.split_at_mut(length);
        let (header, text) = packet_text.split_at_mut(header);
        self.open(&self.rtp_iv(ssrc, index), header, text, tag)?;
        packet.truncate(length);
        Ok(())
    }

    fn protect_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) -> Result<(), SrtpError> {
        let word = (ENCRYPTED | index).to_be_bytes();
        let iv = self.rtcp_iv(ssrc, index);
        let (header, text) = packet
            .split_at_mut_checked(RTCP_HEADER)
            .ok_or(SrtpError::Malformed)?;
        let mut associated = [0; RTCP_HEADER + 4];
        associated[..RTCP_HEADER].copy_from_slice(header);
        associated[RTCP_HEADER..].copy_from_slice(&word);
        let tag = self.seal(&iv, &associated, text)?;
        packet.extend_from_slice(&tag);
        packet.extend_from_slice(&word);
        Ok(())
    }

    fn unprotect_rtcp(
        &self,
        packet: &mut Vec<u8>,
        ssrc: u32,
        seen: impl Fn(u32) -> bool,
    ) -> Result<u32, SrtpError> {
        let (index, encrypted, tagged) = index_word(packet)?;
        let length = tagged
            .checked_sub(GCM_TAG)
            .filter(|length| *length >= RTCP_HEADER)
            .ok_or(SrtpError::Malformed)?;
        if seen(index) {
            return Err(SrtpError::Replayed);
        }
        let iv = self.rtcp_iv(ssrc, index);
        let (text, trailer) = packet.split_at_mut(length);
        let (tag, word) = trailer.split_at(GCM_TAG);
        if encrypted {
            let (header, text) = text.split_at_mut(RTCP_HEADER);
            let mut associated = [0; RTCP_HEADER + 4];
            associated[..RTCP_HEADER].copy_from_slice(header);
            associated[RTCP_HEADER..].copy_from_slice(word);
            self.open(&iv, &associated, text, tag)?;
        } else {
            // RFC 7714 section 9.3: all of it is associated data. Nobody sends this, so it may allocate.
            self.open(&iv, &[text, word].concat(), &mut [], tag)?;
        }
        packet.truncate(length);
        Ok(index)
    }

    fn seal(&self, iv: &[u8; 12], associated: &[u8], text: &mut [u8]) -> Result<[u8; GCM_TAG], SrtpError> {
        let tag = self
            .cipher
            .encrypt_inout_detached(iv.into(), associated, text.into())
            .map_err(|_| SrtpError::Malformed)?;
        Ok(tag.into())
    }

    fn open(&self, iv: &[u8; 12], associated: &[u8], text: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        let tag = tag.try_into().map_err(|_| SrtpError::Malformed)?;
        self.cipher
            .decrypt_inout_detached(iv.into(), associated, text.into(), tag)
            .map_err(|_| SrtpError::NotAuthentic)
    }
}

/// RFC 3711 section 4.3.1 with a key derivation rate of 0, and section 4.3.3. A salt shorter than 112 bits has zeros after it.
pub(super) fn derive<C, const LENGTH: usize>(
    master: &C,
    salt: &[u8],
    label: u8,
) -> Result<[u8; LENGTH], SrtpError>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut iv = [0; 16];
    iv.get_mut(..salt.len())
        .ok_or(SrtpError::Malformed)?
        .copy_from_slice(salt);
    iv[7] ^= label;
    let mut key = [0; LENGTH];
    key_stream(master, &iv, &mut key)?;
    Ok(key)
}

/// Exclusive-ors the key stream of a cipher in counter mode onto `text`.
pub(super) fn key_stream<C>(cipher: &C, iv: &[u8; 16], text: &mut [u8]) -> Result<(), SrtpError>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let core = ctr::CtrCore::<&C, ctr::flavors::Ctr128BE>::inner_iv_init(cipher, iv.into());
    StreamCipherCoreWrapper::from_core(core)
        .try_apply_keystream(text)
        .map_err(|_| SrtpError::Malformed)
}

fn aes128(key: &[u8]) -> Result<Aes128, SrtpError> {
    Aes128::new_from_slice(key).map_err(|_| SrtpError::Malformed)
}

fn exclusive_or(target: &mut [u8], with: &[u8]) {
    target
        .iter_mut()
        .zip(with)
        .for_each(|(target, with)| *target ^= with);
}

/// What is encrypted of a packet.
fn tail(packet: &mut [u8], header: usize) -> Result<&mut [u8], SrtpError> {
    packet.get_mut(header..).ok_or(SrtpError::Malformed)
}

/// The length of a packet without the tag at its end, which leaves `least` bytes at least.
fn without(packet: &[u8], tag: usize, least: usize) -> Result<usize, SrtpError> {
    packet
        .len()
        .checked_sub(tag)
        .filter(|length| *length >= least)
        .ok_or(SrtpError::Malformed)
}

/// The SRTCP index at the end, whether the packet is encrypted, and the length of what is before.
fn index_word(packet: &[u8]) -> Result<(u32, bool, usize), SrtpError> {
    let (before, word) = packet.split_last_chunk::<4>().ok_or(SrtpError::Malformed)?;
    let word = u32::from_be_bytes(*word);
    Ok((word & !ENCRYPTED, word & ENCRYPTED != 0, before.len()))
}
