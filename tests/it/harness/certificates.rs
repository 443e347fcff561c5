//! Certificates for a server: good ones, and those that a client has to refuse.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SigningKey, date_time_ymd,
};

/// An authority that signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A server's certificate and its key, in PEM form.
pub(crate) struct Signed {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names.
    pub(crate) fn sign(&self, names: &[&str]) -> Signed {
        self.sign_with(&params("server", names))
    }

    /// One for these names that was good in the last century.
    pub(crate) fn sign_expired(&self, names: &[&str]) -> Signed {
        let mut params = params("server", names);
        (params.not_before, params.not_after) = (date_time_ymd(1998, 1, 1), date_time_ymd(1999, 12, 31));
        self.sign_with(&params)
    }

    fn sign_with(&self, params: &CertificateParams) -> Signed {
        let key = KeyPair::generate().unwrap();
        signed(&params.signed_by(&key, &self.0).unwrap(), &key)
    }
}

/// A certificate that signs itself and says of itself that it may sign, as `openssl req -x509` makes it.
pub(crate) fn by_itself(names: &[&str]) -> Signed {
    let (mut params, key) = (params("server", names), KeyPair::generate().unwrap());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    signed(&params.self_signed(&key).unwrap(), &key)
}

/// A certificate of X.509's first version, without a word about hosts, as `openssl x509 -req` made it for years.
pub(crate) fn of_first_version() -> Signed {
    let key = KeyPair::generate().unwrap();
    let third = params("server", &[]).self_signed(&key).unwrap();
    let (_, whole, _) = take(third.der());
    let (_, fields, rest) = take(whole);
    let algorithm = &rest[..rest.len() - take(rest).2.len()];
    // Without the version in front and the extensions at the end.
    let mut kept = Vec::new();
    let mut fields = fields;
    while !fields.is_empty() {
        let (tag, _, rest) = take(fields);
        if tag & 0xc0 == 0 {
            kept.extend(&fields[..fields.len() - rest.len()]);
        }
        fields = rest;
    }
    let body = put(0x30, &kept);
    let signature = put(0x03, &[&[0], &key.sign(&body).unwrap()[..]].concat());
    let der = put(0x30, &[&body[..], algorithm, &signature].concat());
    Signed { certificate: pem(&der), key: key.serialize_pem() }
}

fn params(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn signed(certificate: &Certificate, key: &KeyPair) -> Signed {
    Signed { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// Tag, content and what follows.
fn take(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let digits = usize::from(der[1].saturating_sub(0x80));
    let length = match digits {
        0 => usize::from(der[1]),
        _ => der[2..2 + digits].iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
    };
    let (content, rest) = der[2 + digits..].split_at(length);
    (der[0], content, rest)
}

fn put(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    // As short as it can be written, else it is none.
    let head = match length {
        [0, low @ ..0x80] => vec![tag, low],
        [0, low] => vec![tag, 0x81, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&head[..], content].concat()
}

fn pem(der: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for three in der.chunks(3) {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for at in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * at) & 63];
            text.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    let mut out = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        writeln!(out, "{}", String::from_utf8_lossy(line)).unwrap();
    }
    out + "-----END CERTIFICATE-----\n"
}
