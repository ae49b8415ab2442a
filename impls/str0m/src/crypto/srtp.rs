//! The ciphers of SRTP (RFC 3711, RFC 7714), which str0m sets up with every DTLS handshake, media or not.

use std::fmt;

use aes::cipher::{BlockCipherEncrypt as _, KeyIvInit as _, StreamCipher as _};
use aes::{Aes128, Aes256};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _};
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

/// The length of an authentication tag of GCM in bytes.
const TAG: usize = 16;

/// All profiles.
#[derive(Debug)]
pub(super) struct Srtp;

impl SrtpProvider for Srtp {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &Srtp
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &Srtp
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &Srtp
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let cipher = Aes128::new_from_slice(key).expect("str0m derives with a key of the profile's length");
        encrypt_blocks(input, output, |block| cipher.encrypt_block(block));
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let cipher = Aes256::new_from_slice(key).expect("str0m derives with a key of the profile's length");
        encrypt_blocks(input, output, |block| cipher.encrypt_block(block));
    }
}

/// Encrypts whole blocks; what `output` has beyond them stays as it is.
fn encrypt_blocks(input: &[u8], output: &mut [u8], encrypt: impl Fn(&mut aes::Block)) {
    for (from, to) in input.chunks_exact(16).zip(output.chunks_exact_mut(16)) {
        let mut block = aes::Block::try_from(from).expect("a chunk of 16 bytes is a block");
        encrypt(&mut block);
        to.copy_from_slice(&block);
    }
}

impl SupportedAes128CmSha1_80 for Srtp {
    fn create_cipher(&self, key: [u8; 16], _: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        Box::new(CounterMode(key))
    }
}

impl SupportedAeadAes128Gcm for Srtp {
    fn create_cipher(&self, key: [u8; 16], _: bool) -> Box<dyn AeadAes128GcmCipher> {
        Box::new(Gcm(Aes128Gcm::new(&key.into())))
    }
}

impl SupportedAeadAes256Gcm for Srtp {
    fn create_cipher(&self, key: [u8; 32], _: bool) -> Box<dyn AeadAes256GcmCipher> {
        Box::new(Gcm(Aes256Gcm::new(&key.into())))
    }
}

/// AES in counter mode under this key (RFC 3711 section 4.1.1).
struct CounterMode([u8; 16]);

impl CounterMode {
    fn apply(&self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        let output = output
            .get_mut(..input.len())
            .ok_or_else(|| failed("has no room to encrypt into"))?;
        output.copy_from_slice(input);
        ctr::Ctr128BE::<Aes128>::new(&self.0.into(), iv.into())
            .try_apply_keystream(output)
            .map_err(|_| failed("ran out of key stream"))
    }
}

impl Aes128CmSha1_80Cipher for CounterMode {
    fn encrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.apply(iv, input, output)
    }

    fn decrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.apply(iv, input, output)
    }
}

/// AES in Galois/counter mode (RFC 7714).
struct Gcm<C>(C);

impl<C: aes_gcm::aead::AeadInOut<NonceSize = aes_gcm::aead::consts::U12>> Gcm<C> {
    fn seal(&self, iv: &[u8; 12], aad: &[u8], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        let output = output
            .get_mut(..input.len() + TAG)
            .ok_or_else(|| failed("has no room to encrypt into"))?;
        let (text, tag) = output.split_at_mut(input.len());
        text.copy_from_slice(input);
        let sealed = self
            .0
            .encrypt_inout_detached(iv.into(), aad, text.into())
            .map_err(|_| failed("cannot encrypt that much"))?;
        tag.copy_from_slice(&sealed);
        Ok(())
    }

    fn open(
        &self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = input
            .len()
            .checked_sub(TAG)
            .ok_or_else(|| failed("got less than a tag"))?;
        let (text, tag) = input.split_at(length);
        let output = output
            .get_mut(..length)
            .ok_or_else(|| failed("has no room to decrypt into"))?;
        output.copy_from_slice(text);
        let tag = tag
            .try_into()
            .map_err(|_| failed("got a tag of a wrong length"))?;
        self.0
            .decrypt_inout_detached(iv.into(), &aads.concat(), output.into(), tag)
            .map_err(|_| failed("got a packet that is not authentic"))?;
        Ok(length)
    }
}

/// Both traits of str0m are the same but for their names.
macro_rules! gcm_cipher {
    ($cipher:ty, $for:ty) => {
        impl $cipher for Gcm<$for> {
            fn encrypt(
                &mut self,
                iv: &[u8; 12],
                aad: &[u8],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<(), CryptoError> {
                self.seal(iv, aad, input, output)
            }

            fn decrypt(
                &mut self,
                iv: &[u8; 12],
                aads: &[&[u8]],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<usize, CryptoError> {
                self.open(iv, aads, input, output)
            }
        }
    };
}
gcm_cipher!(AeadAes128GcmCipher, Aes128Gcm);
gcm_cipher!(AeadAes256GcmCipher, Aes256Gcm);

fn failed(why: &str) -> CryptoError {
    CryptoError::Other(format!("SRTP {why}"))
}

impl fmt::Debug for CounterMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CounterMode")
    }
}

impl<C> fmt::Debug for Gcm<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gcm")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn counter_mode_gives_the_key_stream_of_rfc_3711_appendix_b_2() {
        let key: [u8; 16] = bytes("2B7E151628AED2A6ABF7158809CF4F3C").try_into().unwrap();
        let iv: [u8; 16] = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
        let mut stream = [0; 48];
        let mut cipher = SupportedAes128CmSha1_80::create_cipher(&Srtp, key, true);
        cipher.encrypt(&iv, &[0; 48], &mut stream).unwrap();
        assert_eq!(
            stream.to_vec(),
            bytes(
                "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"
            )
        );
    }

    #[test]
    fn key_derivation_gives_the_cipher_key_of_rfc_3711_appendix_b_3() {
        let master_key = bytes("E1F97A0D3E018BE0D64FA32C06DE4139");
        let mut input = bytes("0EC675AD498AFEEBB6960B3AABE6");
        input.extend([0, 0]);
        let mut output = [0; 16];
        Srtp.srtp_aes_128_ecb_round(&master_key, &input, &mut output);
        assert_eq!(output.to_vec(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    }

    #[test]
    fn gcm_gives_the_packet_of_rfc_7714_section_16_1_1() {
        let key: [u8; 16] = bytes("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
        let iv: [u8; 12] = bytes("51753c6580c2726f20718414").try_into().unwrap();
        let aad = bytes("8040f17b8041f8d35501a0b2");
        let text = b"Gallia est omnis divisa in partes tres";
        let sealed = bytes(
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
        );
        let mut cipher = SupportedAeadAes128Gcm::create_cipher(&Srtp, key, true);
        let mut output = vec![0; text.len() + TAG];
        cipher.encrypt(&iv, &aad, text, &mut output).unwrap();
        assert_eq!(output, sealed);

        let mut opened = vec![0; text.len()];
        assert_eq!(
            cipher.decrypt(&iv, &[&aad], &sealed, &mut opened).unwrap(),
            text.len()
        );
        assert_eq!(opened, text);
        let mut forged = sealed;
        forged[0] ^= 1;
        assert!(cipher.decrypt(&iv, &[&aad], &forged, &mut opened).is_err());
    }
}
