//! What of a certificate is read here: what it is signed with and by whom, its version, its key. Pure; nothing in it is
//! trusted, and what verifies certificates does not ask this.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::plain::acts_on_terminal;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;

/// `commonName` and `organizationName`.
const NAMES: [&[u8]; 2] = [&[0x55, 4, 3], &[0x55, 4, 10]];

/// Maximum length of an authority's name; a longer one was made to be in the way.
const MAX_NAME_CHARS: usize = 100;

/// A certificate, as far as it is read.
pub(super) struct Certificate<'a> {
    /// 1, 2 or 3.
    pub(super) version: u8,
    /// Whether it names itself as the one that signed it.
    pub(super) by_itself: bool,
    issuer: &'a [u8],
    key: &'a [u8],
    /// The algorithm of its signature.
    algorithm: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Parses a certificate; `None` if it is not one.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (whole, _) = value(der, SEQUENCE)?;
        let (mut fields, rest) = value(whole, SEQUENCE)?;
        let (signature, _) = value(rest, SEQUENCE)?;
        let (algorithm, _) = value(signature, OBJECT)?;
        // A first version does not say that it is one.
        let mut version = 1;
        if let Some((content, rest)) = value(fields, VERSION) {
            version = value(content, INTEGER)?.0.first()?.saturating_add(1);
            fields = rest;
        }
        let (_serial, fields) = value(fields, INTEGER)?;
        let (_algorithm, fields) = value(fields, SEQUENCE)?;
        let (issuer, fields) = value(fields, SEQUENCE)?;
        let (_validity, fields) = value(fields, SEQUENCE)?;
        let (subject, fields) = value(fields, SEQUENCE)?;
        let (_key, after) = value(fields, SEQUENCE)?;
        let key = &fields[..fields.len() - after.len()];
        Some(Self { version, by_itself: issuer == subject, issuer, key, algorithm })
    }

    /// Returns its public key.
    pub(super) fn key(&self) -> SubjectPublicKeyInfoDer<'a> {
        SubjectPublicKeyInfoDer::from(self.key)
    }

    /// Returns who signed it, on one line; empty when that cannot be read.
    pub(super) fn issuer(&self) -> String {
        let mut found = [None, None];
        let mut names = self.issuer;
        while let Some((one, rest)) = value(names, SET) {
            names = rest;
            let Some((kind, text)) = value(one, SEQUENCE).and_then(|(pair, _)| value(pair, OBJECT)) else { continue };
            if let Some(at) = NAMES.iter().position(|name| *name == kind) {
                found[at] = any(text).map(|(_, text, _)| String::from_utf8_lossy(text));
            }
        }
        let name = found.into_iter().flatten().next().unwrap_or_default();
        one_line(&name)
    }

    /// Returns what a login over this connection is bound to (`tls-server-end-point`, RFC 5929): the certificate, by
    /// the hash that its signature uses. An algorithm without one binds nothing.
    pub(super) fn binding(&self, der: &[u8]) -> Option<Vec<u8>> {
        // What is weaker than SHA-256 counts as it.
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
        const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4];
        let of = |family: &[u8]| self.algorithm.strip_prefix(family);
        match (of(RSA), of(ECDSA)) {
            (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => Some(Sha256::digest(der).to_vec()),
            (Some([12]), _) | (_, Some([3, 3])) => Some(Sha384::digest(der).to_vec()),
            (Some([13]), _) | (_, Some([3, 4])) => Some(Sha512::digest(der).to_vec()),
            _ => None,
        }
    }
}

/// Returns a text from outside without what acts on a terminal, cut when it is long.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|c| !acts_on_terminal(*c)).take(MAX_NAME_CHARS).collect()
}

/// Returns the content of a value of this kind, and what follows it.
fn value(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    any(der).filter(|(tag, ..)| *tag == kind).map(|(_, content, rest)| (content, rest))
}

fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, short], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        // More than four bytes of a length are no certificate, and would not fit a number everywhere.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SignatureAlgorithm};

    use super::*;

    fn made(key: &'static SignatureAlgorithm, name: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "An Organisation");
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate_for(key).unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_tells_its_issuer_version_and_binding() {
        let der = made(&rcgen::PKCS_ECDSA_P256_SHA256, "An\u{1b}[31m Authority");
        let read = Certificate::read(&der).unwrap();
        assert_eq!((read.version, read.by_itself), (3, true));
        assert_eq!(read.issuer(), "An[31m Authority", "its own control characters act on nothing");
        assert_eq!(read.binding(&der), Some(Sha256::digest(&der).to_vec()));
        assert_eq!(read.key().as_ref().first(), Some(&SEQUENCE));
        let der = made(&rcgen::PKCS_ECDSA_P384_SHA384, "x");
        assert_eq!(Certificate::read(&der).unwrap().binding(&der), Some(Sha384::digest(&der).to_vec()));
        let der = made(&rcgen::PKCS_ED25519, "x");
        assert_eq!(Certificate::read(&der).unwrap().binding(&der), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_read_beyond_their_end(cut in 0_usize..400, at in 0_usize..400, byte: u8) {
            let mut der = made(&rcgen::PKCS_ED25519, "x");
            let length = der.len();
            der[at % length] = byte;
            der.truncate(cut);
            if let Some(read) = Certificate::read(&der) {
                read.issuer();
                read.binding(&der);
            }
        }
    }
}
