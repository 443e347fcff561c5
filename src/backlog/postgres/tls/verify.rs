//! How a server's certificate is judged: not at all, by the chain to an authority, or by the chain and its name. The
//! signature of the handshake, which shows that the server holds the certificate's key, is checked in each.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::certificate::{Certificate, one_line};

/// Whom to trust, and for what.
#[derive(Debug)]
pub(super) struct Trust {
    /// Follows a chain to one of the authorities.
    pub(super) chain: Arc<WebPkiServerVerifier>,
    /// The authorities' own certificates.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    /// Where they are from, in words.
    pub(super) place: String,
    /// Whether the certificate has to name the host.
    pub(super) named: bool,
}

/// Judges a server's certificate.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// Nothing: any certificate will do.
    pub(super) trust: Option<Trust>,
}

/// Why a certificate was refused, and what to do.
#[derive(Debug)]
pub(in crate::backlog::postgres) struct Refusal {
    pub(in crate::backlog::postgres) why: String,
    pub(in crate::backlog::postgres) next: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Refusal {}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trust) = &self.trust else { return Ok(ServerCertVerified::assertion()) };
        let mut judged = trust.chain.verify_server_cert(certificate, others, name, ocsp, now);
        // A server that uses its authority's own certificate, made by hand. Its time was judged before its use; it needs
        // no chain when it is itself among those that are trusted.
        if let Err(Error::InvalidCertificate(CertificateError::Other(other))) = &judged
            && is_own_authority(other)
            && trust.authorities.contains(certificate)
        {
            judged = ParsedCertificate::try_from(certificate)
                .and_then(|parsed| verify_server_name(&parsed, name))
                .map(|()| ServerCertVerified::assertion());
        }
        match judged {
            // The name comes last: the chain was found good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !trust.named => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(error)) => {
                let refusal = trust.refusal(certificate, name, &error);
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal)))))
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match Certificate::read(certificate) {
            // Many a server has a certificate of the first version, which is refused as a whole. Its key is a key.
            Some(read) if read.version < 3 => {
                verify_tls13_signature_with_raw_key(message, &read.key(), signature, &self.algorithms)
            }
            _ => verify_tls13_signature(message, certificate, signature, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Returns whether a certificate is refused because it says that it may sign others: only then is its use looked at.
fn is_own_authority(error: &OtherError) -> bool {
    error.0.to_string() == "CaUsedAsEndEntity"
}

/// What goes on without any of this.
const UNVERIFIED: &str = "sslmode=require without sslrootcert encrypts and verifies nothing";

impl Trust {
    fn refusal(&self, certificate: &CertificateDer<'_>, name: &ServerName<'_>, error: &CertificateError) -> Refusal {
        let read = Certificate::read(certificate);
        if read.as_ref().is_some_and(|read| read.version < 3) {
            return Refusal {
                why: "its certificate is of X.509's first version, which cannot be verified".to_owned(),
                next: format!("make it anew with a subjectAltName; {UNVERIFIED}"),
            };
        }
        let own = matches!(error, CertificateError::Other(other) if is_own_authority(other));
        let (why, next) = match error {
            _ if own || *error == CertificateError::UnknownIssuer => {
                let by = match read {
                    Some(read) if read.by_itself => "itself".to_owned(),
                    Some(read) if !read.issuer().is_empty() => format!("`{}`", read.issuer()),
                    _ => "an authority".to_owned(),
                };
                let place = &self.place;
                (
                    format!("its certificate is signed by {by}, which is not among the authorities of {place}"),
                    format!("name a file with its authority as sslrootcert=FILE; {UNVERIFIED}"),
                )
            }
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("its certificate is for {}, not for {}", names(presented), name.to_str()),
                "write a name that it has as the host, or use sslmode=verify-ca, which does not look at the name"
                    .to_owned(),
            ),
            CertificateError::ExpiredContext { not_after, .. } => (
                format!("its certificate, or one that signed it, expired on {}", day(*not_after)),
                format!("renew it on the server; {UNVERIFIED}"),
            ),
            CertificateError::NotValidYetContext { not_before, .. } => (
                format!("its certificate, or one that signed it, is valid only from {}", day(*not_before)),
                format!("check the clocks of both hosts; {UNVERIFIED}"),
            ),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
                "its certificate is not made for servers (extended key usage)".to_owned(),
                format!("make it anew with serverAuth; {UNVERIFIED}"),
            ),
            other => (
                format!("its certificate cannot be verified ({})", one_line(&other.to_string())),
                format!("make it anew; {UNVERIFIED}"),
            ),
        };
        Refusal { why, next }
    }
}

/// Names as webpki writes them, `DnsName("x")` and `IpAddress(x)`, in an operator's words.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no host at all (it has no subjectAltName)".to_owned();
    }
    let plain = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        one_line(inner.trim_matches('"'))
    };
    let mut shown: Vec<String> = presented.iter().take(5).map(plain).collect();
    if presented.len() > shown.len() {
        shown.push(format!("{} more", presented.len() - shown.len()));
    }
    shown.join(", ")
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, KeyUsagePurpose};
    use rustls::crypto::ring::{default_provider, sign::any_supported_type};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use rustls::version::{TLS12, TLS13};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use super::*;

    /// Returns what the client says of a server that shows this certificate and signs with this key.
    fn met(
        certificate: &CertificateDer<'static>,
        key: &KeyPair,
        trust: Option<Trust>,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> Result<(), Error> {
        let provider = Arc::new(default_provider());
        let key = any_supported_type(&PrivateKeyDer::try_from(key.serialize_der()).unwrap()).unwrap();
        let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate.clone()], key));
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        let verifier = Verifier { algorithms: provider.signature_verification_algorithms, trust };
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let mut client = ClientConnection::new(Arc::new(client), "db.example".try_into().unwrap()).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            wire.clear();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    fn trusting(authority: &CertificateDer<'static>) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let provider = Arc::new(default_provider());
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        Trust { chain, authorities: vec![authority.clone()], place: "a file".to_owned(), named: true }
    }

    #[test]
    fn a_certificate_of_which_the_server_has_no_key_is_refused_in_every_mode() {
        let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let own = CertifiedIssuer::self_signed(params.clone(), KeyPair::generate().unwrap()).unwrap();
        params.is_ca = rcgen::IsCa::NoCa;
        let (key, stranger) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let signed = params.signed_by(&key, &own).unwrap();
        for version in [&TLS12, &TLS13] {
            for trust in [|_: &CertificateDer<'static>| None, |own: &CertificateDer<'static>| Some(trusting(own))] {
                assert_eq!(met(signed.der(), &key, trust(own.der()), version), Ok(()));
                let refused = met(signed.der(), &stranger, trust(own.der()), version).unwrap_err();
                assert_eq!(refused, Error::InvalidCertificate(CertificateError::BadSignature));
                // The one that is trusted itself as well.
                assert_eq!(met(own.der(), own.key(), trust(own.der()), version), Ok(()));
                let refused = met(own.der(), &stranger, trust(own.der()), version).unwrap_err();
                assert_eq!(refused, Error::InvalidCertificate(CertificateError::BadSignature));
            }
        }
    }

    #[test]
    fn names_of_a_certificate_are_shown_as_they_are() {
        let presented: Vec<String> =
            ["DnsName(\"a.example\")", "IpAddress(10.0.0.1)", "DnsName(\"\u{1b}[2J\")"].map(str::to_owned).to_vec();
        assert_eq!(names(&presented), "a.example, 10.0.0.1, [2J");
        assert_eq!(names(&vec!["DnsName(\"x\")".to_owned(); 7]), "x, x, x, x, x, 2 more");
    }
}
